// Command etcd is etcd as its own main package builds it: that package stands in a module with replaced
// requirements, which Go refuses to build from outside.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
