// Prints what the Kubernetes discovery of Prometheus makes of the objects in a file, which it serves as an API server would.
//
// `go mod tidy && go run . ../../src/discovery/kubernetes/targets/cluster.json` makes what `prometheus.json` beside that
// file was made of, one target a line.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/config"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

func main() {
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	var cluster map[string][]any
	if err := json.Unmarshal(raw, &cluster); err != nil {
		panic(err)
	}
	kinds := map[string][2]string{"nodes": {"NodeList", "v1"}, "pods": {"PodList", "v1"}, "services": {"ServiceList", "v1"}, "endpoints": {"EndpointsList", "v1"}, "endpointslices": {"EndpointSliceList", "discovery.k8s.io/v1"}, "ingresses": {"IngressList", "networking.k8s.io/v1"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("content-type", "application/json")
		if r.URL.Query().Get("watch") != "" {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		parts := strings.Split(r.URL.Path, "/")
		plural := parts[len(parts)-1]
		kind := kinds[plural]
		json.NewEncoder(w).Encode(map[string]any{"kind": kind[0], "apiVersion": kind[1], "metadata": map[string]any{"resourceVersion": "1"}, "items": cluster[plural]})
	}))
	out := map[string]any{}
	for _, role := range []string{"node", "pod", "service", "endpoints", "endpointslice", "ingress"} {
		u, _ := url.Parse(server.URL)
		sd := kubernetes.SDConfig{APIServer: config.URL{URL: u}, Role: kubernetes.Role(role), HTTPClientConfig: config.DefaultHTTPClientConfig}
		sd.AttachMetadata.Node = role == "pod" || role == "endpoints" || role == "endpointslice"
		reg := prometheus.NewRegistry()
		rmm := discovery.NewRefreshMetrics(reg)
		metrics := sd.NewDiscovererMetrics(reg, rmm)
		if err := metrics.Register(); err != nil {
			panic(err)
		}
		d, err := sd.NewDiscoverer(discovery.DiscovererOptions{Logger: promslog.NewNopLogger(), Metrics: metrics})
		if err != nil {
			panic(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		ch := make(chan []*targetgroup.Group)
		go d.Run(ctx, ch)
		groups := map[string]any{}
	loop:
		for {
			select {
			case <-ctx.Done():
				break loop
			case got := <-ch:
				for _, g := range got {
					if len(g.Targets) == 0 {
						continue
					}
					targets := []map[string]string{}
					for _, t := range g.Targets {
						merged := map[string]string{}
						for k, v := range g.Labels {
							merged[string(k)] = string(v)
						}
						for k, v := range t {
							merged[string(k)] = string(v)
						}
						targets = append(targets, merged)
					}
					sort.Slice(targets, func(i, j int) bool { return key(targets[i]) < key(targets[j]) })
					source := g.Source[strings.Index(g.Source, "/")+1:]
					groups[source] = targets
				}
			}
		}
		cancel()
		out[role] = groups
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", " ")
	enc.Encode(out)
}

func key(t map[string]string) string {
	raw, _ := json.Marshal(t)
	return t["__address__"] + string(raw)
}
