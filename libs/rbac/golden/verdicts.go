//go:build ignore

// Asks Kubernetes' own code about random rules, selectors and requests and prints its verdicts, one a line.
// Run in libs/dev-cluster/kubernetes: go run ../../rbac/golden/verdicts.go > ../../rbac/golden/verdicts.jsonl
package main

import (
	"encoding/json"
	"flag"
	"math/rand"
	"os"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/component-helpers/auth/rbac/validation"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac"
)

var random *rand.Rand

func pick(from []string) string { return from[random.Intn(len(from))] }

func some(from []string, most int) []string {
	list := []string{}
	for count := random.Intn(most + 1); count > 0; count-- {
		list = append(list, pick(from))
	}
	return list
}

var (
	groups    = []string{"", "apps", "batch", "*"}
	resources = []string{"pods", "pods/log", "pods/*", "*/log", "*/*", "*", "nodes/proxy", "pods/log/x", "*/log/x", "/log"}
	verbs     = []string{"get", "list", "*", "bind", "Get"}
	names     = []string{"a", "ab", "*", ""}
	urls      = []string{"/x", "/x/", "/x/*", "/x/y", "/x**", "/*/y", "*", "/x*", "/", "", "**"}
)

func rule() rbacv1.PolicyRule {
	made := rbacv1.PolicyRule{Verbs: some(verbs, 2)}
	if random.Intn(3) > 0 {
		made.APIGroups, made.Resources = some(groups, 2), some(resources, 3)
		if random.Intn(2) == 0 {
			made.ResourceNames = some(names, 2)
		}
	}
	if random.Intn(3) == 0 {
		made.NonResourceURLs = some(urls, 3)
	}
	return made
}

func rules(most int) []rbacv1.PolicyRule {
	list := []rbacv1.PolicyRule{}
	for count := random.Intn(most + 1); count > 0; count-- {
		list = append(list, rule())
	}
	return list
}

type coverCase struct {
	Owner     []rbacv1.PolicyRule `json:"owner"`
	Servant   []rbacv1.PolicyRule `json:"servant"`
	Covered   bool                `json:"covered"`
	Uncovered []rbacv1.PolicyRule `json:"uncovered"`
}

type allowCase struct {
	Rules   []rbacv1.PolicyRule `json:"rules"`
	Request map[string]string   `json:"request"`
	Allowed bool                `json:"allowed"`
}

type selectorCase struct {
	Text    string            `json:"text"`
	Valid   bool              `json:"valid"`
	Labels  map[string]string `json:"labels"`
	Matches bool              `json:"matches"`
}

func allow() allowCase {
	list := rules(3)
	verb := pick([]string{"get", "list", "bind", "create"})
	if random.Intn(3) == 0 {
		path := pick([]string{"/x", "/x/", "/x/y", "/x/y/z", "/", "/z/y", "/*/y", "/xx"})
		attributes := authorizer.AttributesRecord{Verb: verb, Path: path}
		request := map[string]string{"type": "url", "verb": verb, "path": path}
		return allowCase{list, request, rbac.RulesAllow(attributes, list...)}
	}
	attributes := authorizer.AttributesRecord{
		ResourceRequest: true, Verb: verb, APIGroup: pick([]string{"", "apps", "*"}),
		Resource: pick([]string{"pods", "nodes", "*"}), Subresource: pick([]string{"", "", "log", "proxy", "*", "log/x"}),
		Name: pick([]string{"", "a", "ab", "abc"}),
	}
	request := map[string]string{
		"type": "resource", "verb": verb, "apiGroup": attributes.APIGroup, "resource": attributes.Resource,
		"subresource": attributes.Subresource, "name": attributes.Name,
	}
	return allowCase{list, request, rbac.RulesAllow(attributes, list...)}
}

var pieces = []string{
	"a", "b", "env", "in", "notin", "x.io/a", "=", "==", "!=", "!", "(", ")", ",", ",", " ", " ", "\t", "\n", ">", "<",
	"1", "-2", "+3", "9223372036854775808", "ä", "_", "a/b/c", "\x00", "constructor", "A.b-c", "-a",
}

var shapes = []string{
	"K=V", "K==V", "K!=V", "K in (V,V)", "K notin (V)", "!K", "K", "K>V", "K<V", "K in ()", "K in (,V)", "K=", "K in (V,,V)",
	"!K=V", "K in(V)", " K = V ",
}

func selectorText() string {
	if random.Intn(3) == 0 {
		text := ""
		for count := random.Intn(7); count > 0; count-- {
			text += pick(pieces)
		}
		return text
	}
	parts := []string{}
	for count := random.Intn(3); count >= 0; count-- {
		shape := pick(shapes)
		for strings.ContainsAny(shape, "KV") {
			shape = strings.Replace(shape, "K", pick([]string{"a", "b", "x.io/a", "constructor", "in"}), 1)
			shape = strings.Replace(shape, "V", pick([]string{"a", "1", "2", "-2", "", "in"}), 1)
		}
		parts = append(parts, shape)
	}
	return strings.Join(parts, ",")
}

func selector() selectorCase {
	set := map[string]string{}
	for count := random.Intn(4); count > 0; count-- {
		set[pick([]string{"a", "b", "x.io/a", "in"})] = pick([]string{"a", "1", "2", "-2", "", "x"})
	}
	text := selectorText()
	parsed, err := labels.Parse(text)
	if err != nil {
		return selectorCase{text, false, set, false}
	}
	return selectorCase{text, true, set, parsed.Matches(labels.Set(set))}
}

func main() {
	count := flag.Int("n", 150, "cases of each kind")
	seed := flag.Int64("seed", 1, "seed")
	flag.Parse()
	random = rand.New(rand.NewSource(*seed))
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for index := 0; index < *count; index++ {
		owner, servant := rules(3), rules(2)
		covered, uncovered := validation.Covers(owner, servant)
		for _, verdict := range []any{coverCase{owner, servant, covered, uncovered}, allow(), selector()} {
			if err := encoder.Encode(verdict); err != nil {
				panic(err)
			}
		}
	}
}
