// The least that an agent written in Go would keep in memory: an informer of client-go over the bindings of a cluster.
package main

import (
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		panic(err)
	}
	factory := informers.NewSharedInformerFactory(client, time.Hour)
	informer := factory.Rbac().V1().RoleBindings().Informer()
	stop := make(chan struct{})
	factory.Start(stop)
	if !cache.WaitForCacheSync(stop, informer.HasSynced) {
		panic("no list came in")
	}
	fmt.Println("synced", len(informer.GetStore().ListKeys()))
	select {}
}
