// Copyright (c) 2026, the kuber.network authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Writes profiles and machines below MINIKUBE_HOME with minikube's own packages, for drivers whose hypervisor or container
// engine is not at hand. What a driver learns only when its machine runs (address, port) is given here. What the drivers
// themselves then say of the way to their machines is written to answers.json.
package main

import (
	"encoding/json"
	"log"
	"os"

	"k8s.io/minikube/pkg/minikube/config"
	"k8s.io/minikube/pkg/minikube/localpath"
	"k8s.io/minikube/pkg/minikube/machine"
	"k8s.io/minikube/pkg/minikube/registry"
	_ "k8s.io/minikube/pkg/minikube/registry/drvs"
	"k8s.io/minikube/pkg/minikube/run"
)

type sample struct {
	driver, runtime, network string
	nodes                    []config.Node
	learned                  map[string]any
}

var samples = []sample{
	{"docker", "docker", "", one("192.168.49.2"), nil},
	{"podman", "crio", "", one("192.168.49.2"), nil},
	{"kvm2", "containerd", "", append(one("192.168.39.10"), node("m02", "192.168.39.11", false)), nil},
	{"qemu2", "containerd", "builtin", one("127.0.0.1"), map[string]any{"SSHPort": 43210}},
	{"virtualbox", "docker", "", one("192.168.59.100"), map[string]any{"SSHPort": 40022}},
	{"none", "docker", "", one("192.168.1.7"), nil},
}

func node(name, ip string, controlPlane bool) config.Node {
	return config.Node{Name: name, IP: ip, Port: 8443, ControlPlane: controlPlane, Worker: true}
}

func one(ip string) []config.Node { return []config.Node{node("", ip, true)} }

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	must(os.MkdirAll(localpath.MakeMiniPath("machines"), 0o700))
	answers := map[string]answer{}
	for _, sample := range samples {
		cluster := sample.cluster()
		must(config.SaveProfile(cluster.Name, &cluster))
		for _, node := range sample.nodes {
			sample.saveMachine(cluster, node)
			name := config.MachineName(cluster, node)
			answers[name] = ask(name)
		}
	}
	text, err := json.MarshalIndent(answers, "", "    ")
	must(err)
	must(os.WriteFile(localpath.MakeMiniPath("answers.json"), append(text, '\n'), 0o600))
}

// What a driver cannot say without its hypervisor or engine stays empty.
type answer struct {
	Host string
	Port int
	User string
}

func ask(name string) answer {
	api, err := machine.NewAPIClient(&run.CommandOptions{})
	must(err)
	host, err := api.Load(name)
	must(err)
	address, _ := host.Driver.GetSSHHostname()
	port, _ := host.Driver.GetSSHPort()
	return answer{address, port, host.Driver.GetSSHUsername()}
}

func (s sample) cluster() config.ClusterConfig {
	return config.ClusterConfig{
		Name: s.driver, Driver: s.driver, Memory: 4096, CPUs: 2, DiskSize: 20000, Network: s.network, Nodes: s.nodes,
		Addons: map[string]bool{"default-storageclass": true, "storage-provisioner": true, "ingress": false},
		KubernetesConfig: config.KubernetesConfig{
			KubernetesVersion: "v1.35.1", ClusterName: s.driver, ContainerRuntime: s.runtime, ServiceCIDR: "10.96.0.0/12",
		},
	}
}

func (s sample) saveMachine(cluster config.ClusterConfig, node config.Node) {
	driver, err := registry.Driver(s.driver).Config(cluster, node)
	must(err)
	raw, err := json.Marshal(driver)
	must(err)
	fields := map[string]any{}
	must(json.Unmarshal(raw, &fields))
	fields["IPAddress"] = node.IP
	for key, value := range s.learned {
		fields[key] = value
	}
	raw, err = json.Marshal(fields)
	must(err)
	api, err := machine.NewAPIClient(&run.CommandOptions{})
	must(err)
	host, err := api.NewHost(s.driver, raw)
	must(err)
	must(api.Save(host))
}
