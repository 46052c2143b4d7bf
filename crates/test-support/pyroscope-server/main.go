// Command pyroscope-server speaks as Pyroscope does, over the profiles that were pushed to it: a server for
// tests that none of our own code encodes for. Messages and handlers are those that Pyroscope publishes.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on; what was got is printed as JSON")
	token := flag.String("token", "", "bearer token that requests must have")
	tenant := flag.String("tenant", "", "tenant that requests must name")
	prefix := flag.String("prefix", "", "path before every method, as behind a proxy")
	longest := flag.Duration("max-query-length", 24*time.Hour, "longest range of a query")
	old := flag.Bool("no-pprof", false, "do not know the formats TREE, DOT and PPROF, as older servers")
	flag.Parse()

	server := &server{longest: *longest, old: *old}
	interceptor := connect.WithInterceptors(connect.UnaryInterceptorFunc(requireTenant(*tenant)))
	mux := http.NewServeMux()
	mux.Handle(querierv1connect.NewQuerierServiceHandler(server, interceptor))
	mux.Handle(pushv1connect.NewPusherServiceHandler(server, interceptor))
	if err := serve(*listen, requireToken(*token, http.StripPrefix(*prefix, mux))); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func serve(address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"address": listener.Addr().String()}); err != nil {
		return err
	}
	return http.Serve(listener, handler)
}

// requireTenant answers as Pyroscope with multi-tenancy does.
func requireTenant(tenant string) func(connect.UnaryFunc) connect.UnaryFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
			if tenant != "" && request.Header().Get("X-Scope-OrgID") != tenant {
				return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("no org id"))
			}
			return next(ctx, request)
		}
	}
}

// requireToken answers as a proxy in front does: not in Connect's form.
func requireToken(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintln(w, "<html><title>401 Authorization Required</title></html>")
			return
		}
		next.ServeHTTP(w, r)
	})
}
