// Copyright (c) 2026, the kuber.network authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Stand-in for kube-webhook-certgen, whose module cannot be had: makes the certificate of ingress-nginx's admission
// webhook and enters it where the API server looks. Same command line as far as the stock manifest uses it:
//
//	create --host A,B --namespace NS --secret-name S
//	patch --webhook-name W --namespace NS --secret-name S --patch-mutating=false --patch-failure-policy=Fail
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"

var errNotFound = errors.New("not found")

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// api talks to the API server with the pod's service account.
type api struct {
	server, token string
	client        http.Client
}

func newAPI() *api {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(must(os.ReadFile(serviceAccount + "ca.crt")))
	return &api{
		server: "https://" + net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")),
		token:  strings.TrimSpace(string(must(os.ReadFile(serviceAccount + "token")))),
		client: http.Client{
			Timeout:   30 * time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		},
	}
}

func (a *api) call(method, path string, in, out any) error {
	req := must(http.NewRequest(method, a.server+path, bytes.NewReader(must(json.Marshal(in)))))
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body := must(io.ReadAll(res.Body))
	switch {
	case res.StatusCode == http.StatusNotFound:
		return errNotFound
	case res.StatusCode > 299:
		return fmt.Errorf("%s %s: %s %s", method, path, res.Status, body)
	case out != nil:
		return json.Unmarshal(body, out)
	}
	return nil
}

func sign(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (cert, key []byte, private *ecdsa.PrivateKey) {
	private = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	if signer == nil {
		parent, signer = template, private
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, &private.PublicKey, signer))
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(private))})
	return cert, key, private
}

func newSecret(name string, hosts []string) map[string]any {
	from, to := time.Now().Add(-5*time.Minute), time.Now().AddDate(100, 0, 0)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"certgen root"}}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	rootPEM, _, rootKey := sign(root, nil, nil)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{Organization: []string{"certgen"}}, NotBefore: from, NotAfter: to,
		DNSNames: hosts, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, key, _ := sign(leaf, root, rootKey)
	return map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]string{"name": name},
		"data": map[string][]byte{"ca": rootPEM, "cert": cert, "key": key},
	}
}

// enter puts the root certificate into a webhook configuration. The stock ClusterRole allows get and update, not
// patch, so the whole object is read and written: as a plain map, that unknown fields survive.
func enter(a *api, kind, name, policy string, root []byte) error {
	path := fmt.Sprintf("/apis/admissionregistration.k8s.io/v1/%swebhookconfigurations/%s", kind, name)
	var config map[string]any
	if err := a.call("GET", path, nil, &config); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, item := range config["webhooks"].([]any) {
		webhook := item.(map[string]any)
		webhook["clientConfig"].(map[string]any)["caBundle"] = root
		if policy != "" {
			webhook["failurePolicy"] = policy
		}
	}
	return a.call("PUT", path, config, nil)
}

func main() {
	if len(os.Args) < 2 || (os.Args[1] != "create" && os.Args[1] != "patch") {
		log.Fatal("usage: kube-webhook-certgen create|patch FLAGS")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	host := flags.String("host", "", "names of the webhook's Service, separated by commas")
	namespace := flags.String("namespace", "", "namespace of the Secret")
	name := flags.String("secret-name", "", "name of the Secret")
	webhook := flags.String("webhook-name", "", "name of the webhook configurations")
	validating := flags.Bool("patch-validating", true, "enter the certificate in the ValidatingWebhookConfiguration")
	mutating := flags.Bool("patch-mutating", true, "enter the certificate in the MutatingWebhookConfiguration")
	policy := flags.String("patch-failure-policy", "", "Fail or Ignore")
	_ = flags.Parse(os.Args[2:])

	a := newAPI()
	secrets := "/api/v1/namespaces/" + *namespace + "/secrets"
	var secret struct{ Data map[string][]byte }
	err := a.call("GET", secrets+"/"+*name, nil, &secret)
	if os.Args[1] == "create" {
		if errors.Is(err, errNotFound) {
			err = a.call("POST", secrets, newSecret(*name, strings.Split(*host, ",")), nil)
		}
	} else {
		if err == nil && *validating {
			err = enter(a, "validating", *webhook, *policy, secret.Data["ca"])
		}
		if err == nil && *mutating {
			err = enter(a, "mutating", *webhook, *policy, secret.Data["ca"])
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}
