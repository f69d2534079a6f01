// Copyright (c) 2026, the kuber.network authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// kindnetd stands in for the network plug-in that minikube's docker driver deploys (docker.io/kindest/kindnetd), whose module
// cannot be had. It does that program's work as far as a cluster of minikube's needs it: the CNI configuration of its node, a
// route to the pods of every other node, and a masquerade for what pods send out of the pods' network. No network policies.
// It understands the DaemonSet that minikube itself applies: HOST_IP, POD_SUBNET, /etc/cni/net.d.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const configuration = `{
  "cniVersion": "0.3.1",
  "name": "kindnet",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": false,
      "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni-ipam-state",
        "routes": [{"dst": "0.0.0.0/0"}],
        "ranges": [[{"subnet": %q}]]
      },
      "mtu": %d
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`

func main() {
	log.SetFlags(log.Ltime)
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactory(client, time.Minute)
	nodes := factory.Core().V1().Nodes()
	changed := make(chan struct{}, 1)
	notify := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err = nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notify() },
		UpdateFunc: func(_, _ any) { notify() },
		DeleteFunc: func(any) { notify() },
	})
	if err != nil {
		log.Fatal(err)
	}
	factory.Start(context.Background().Done())
	factory.WaitForCacheSync(context.Background().Done())
	again := time.NewTicker(10 * time.Second) // whatever somebody else has removed comes back
	for {
		if err := reconcile(nodes.Lister(), os.Getenv("HOST_IP"), os.Getenv("POD_SUBNET")); err != nil {
			log.Print(err)
		}
		select {
		case <-changed:
		case <-again.C:
		}
	}
}

func reconcile(lister corelisters.NodeLister, own, subnet string) error {
	nodes, err := lister.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, node := range nodes {
		address := internal(node)
		if address == "" || node.Spec.PodCIDR == "" {
			continue
		}
		if address == own {
			err = write(filepath.Join("/etc/cni/net.d", "10-kindnet.conflist"), fmt.Sprintf(configuration, node.Spec.PodCIDR, mtu()))
		} else {
			err = route(node.Spec.PodCIDR, address)
		}
		if err != nil {
			return fmt.Errorf("node %s: %w", node.Name, err)
		}
	}
	return masquerade(subnet)
}

func internal(node *corev1.Node) string {
	for _, address := range node.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address
		}
	}
	return ""
}

func mtu() int {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err == nil {
		for _, route := range routes {
			if route.Dst == nil || route.Dst.IP.IsUnspecified() {
				if link, err := netlink.LinkByIndex(route.LinkIndex); err == nil {
					return link.Attrs().MTU
				}
			}
		}
	}
	return 1500
}

func write(path, content string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == content {
		return nil
	}
	log.Printf("writing %s", path)
	if err := os.WriteFile(path+".new", []byte(content), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func route(pods, via string) error {
	_, destination, err := net.ParseCIDR(pods)
	if err != nil {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{Dst: destination, Gw: net.ParseIP(via)})
}

func masquerade(subnet string) error {
	if run("--list-rules", "KIND-MASQ-AGENT") != nil {
		if err := run("--new-chain", "KIND-MASQ-AGENT"); err != nil {
			return err
		}
	}
	comment := []string{"-m", "comment", "--comment"}
	for _, rule := range [][]string{
		append([]string{"KIND-MASQ-AGENT", "-d", subnet}, append(comment, "between pods", "-j", "RETURN")...),
		append([]string{"KIND-MASQ-AGENT"}, append(comment, "out of the pods' network", "-j", "MASQUERADE")...),
		append([]string{"POSTROUTING", "-m", "addrtype", "!", "--dst-type", "LOCAL"}, append(comment, "kindnetd", "-j", "KIND-MASQ-AGENT")...),
	} {
		if run(append([]string{"--check"}, rule...)...) == nil {
			continue
		}
		if err := run(append([]string{"--append"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

func run(arguments ...string) error {
	output, err := exec.Command("iptables", append([]string{"--wait", "5", "--table", "nat"}, arguments...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("iptables %v: %w: %s", arguments, err, bytes.TrimSpace(output))
	}
	return nil
}
