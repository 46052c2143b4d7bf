// Asks a server with the clients that Pyroscope publishes, as Grafana's data source does, and prints what it answers
// as one line of JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"connectrpc.com/connect"
	querierv1 "github.com/grafana/pyroscope/api/gen/proto/go/querier/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
)

func must[T any](answer *connect.Response[T], err error) *T {
	if err != nil {
		fmt.Fprintln(os.Stderr, connect.CodeOf(err), err)
		os.Exit(1)
	}
	return answer.Msg
}

func main() {
	url, protocol, id, selector := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	start, _ := strconv.ParseInt(os.Args[5], 10, 64)
	end, _ := strconv.ParseInt(os.Args[6], 10, 64)
	var options []connect.ClientOption
	httpClient := http.DefaultClient
	switch protocol {
	case "grpc":
		// HTTP/2 without TLS, as profilecli's --protocol=grpc speaks it.
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		httpClient = &http.Client{Transport: &http.Transport{Protocols: protocols}}
		options = append(options, connect.WithGRPC())
	case "grpc-web":
		options = append(options, connect.WithGRPCWeb())
	case "json":
		options = append(options, connect.WithProtoJSON())
	}
	client := querierv1connect.NewQuerierServiceClient(httpClient, url, options...)
	ctx := context.Background()
	found := map[string]any{}

	health := must(client.ProfileTypes(ctx, connect.NewRequest(&querierv1.ProfileTypesRequest{Start: 1000, End: 4000})))
	found["health"] = len(health.ProfileTypes)
	types := must(client.ProfileTypes(ctx, connect.NewRequest(&querierv1.ProfileTypesRequest{Start: start, End: end})))
	var ids []string
	for _, profileType := range types.ProfileTypes {
		ids = append(ids, profileType.ID)
	}
	found["types"] = ids
	matchers := []string{selector}
	names := must(client.LabelNames(ctx, connect.NewRequest(&typesv1.LabelNamesRequest{Matchers: matchers, Start: start, End: end})))
	found["names"] = names.Names
	values := must(client.LabelValues(ctx, connect.NewRequest(&typesv1.LabelValuesRequest{Name: "service_name", Start: start, End: end})))
	found["services"] = values.Names
	series := must(client.Series(ctx, connect.NewRequest(&querierv1.SeriesRequest{LabelNames: []string{"service_name", "__profile_type__"}, Start: start, End: end})))
	found["series"] = len(series.LabelsSet)
	graph := must(client.SelectMergeStacktraces(ctx, connect.NewRequest(&querierv1.SelectMergeStacktracesRequest{ProfileTypeID: id, LabelSelector: selector, Start: start, End: end})))
	found["total"] = graph.Flamegraph.Total
	merged := must(client.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{ProfileTypeID: id, LabelSelector: selector, Start: start, End: end})))
	var sum int64
	for _, sample := range merged.Sample {
		sum += sample.Value[0]
	}
	found["pprof"] = sum
	points := must(client.SelectSeries(ctx, connect.NewRequest(&querierv1.SelectSeriesRequest{ProfileTypeID: id, LabelSelector: selector, Start: start, End: end, Step: 15, GroupBy: []string{"service_name"}})))
	values64 := 0.0
	for _, one := range points.Series {
		for _, point := range one.Points {
			values64 += point.Value
		}
	}
	found["points"] = int64(values64)
	side := &querierv1.SelectMergeStacktracesRequest{ProfileTypeID: id, LabelSelector: selector, Start: start, End: end}
	diff := must(client.Diff(ctx, connect.NewRequest(&querierv1.DiffRequest{Left: side, Right: side})))
	found["ticks"] = []int64{diff.Flamegraph.LeftTicks, diff.Flamegraph.RightTicks}
	span := must(client.SelectMergeSpanProfile(ctx, connect.NewRequest(&querierv1.SelectMergeSpanProfileRequest{ProfileTypeID: id, LabelSelector: selector, SpanSelector: []string{"0123456789abcdef"}, Start: start, End: end})))
	found["span"] = span.Flamegraph.GetTotal()
	stats := must(client.GetProfileStats(ctx, connect.NewRequest(&typesv1.GetProfileStatsRequest{})))
	found["ingested"] = stats.DataIngested
	must(client.AnalyzeQuery(ctx, connect.NewRequest(&querierv1.AnalyzeQueryRequest{Query: id + selector, Start: start, End: end})))
	pgo := must(client.SelectMergeProfile(ctx, connect.NewRequest(&querierv1.SelectMergeProfileRequest{ProfileTypeID: id, LabelSelector: selector, Start: start, End: end, StackTraceSelector: &typesv1.StackTraceSelector{GoPgo: &typesv1.GoPGO{KeepLocations: 5, AggregateCallees: true}}})))
	var pgoSum int64
	for _, sample := range pgo.Sample {
		if len(sample.LocationId) > 5 {
			fmt.Fprintln(os.Stderr, "expected at most 5 locations, found", len(sample.LocationId))
			os.Exit(1)
		}
		pgoSum += sample.Value[0]
	}
	found["pgo"] = pgoSum
	// How many profiles, or spans, a heat map has; or why there is none.
	counted := func(of querierv1.HeatmapQueryType) any {
		request := &querierv1.SelectHeatmapRequest{ProfileTypeID: id, LabelSelector: selector, Start: start, End: end, Step: 15, QueryType: of}
		heatmap, err := client.SelectHeatmap(ctx, connect.NewRequest(request))
		if err != nil {
			return connect.CodeOf(err).String()
		}
		count := 0
		for _, one := range heatmap.Msg.Series {
			for _, slot := range one.Slots {
				for _, more := range slot.Counts {
					count += int(more)
				}
			}
		}
		return count
	}
	found["spans"] = counted(querierv1.HeatmapQueryType_HEATMAP_QUERY_TYPE_SPAN)
	found["profiles"] = counted(querierv1.HeatmapQueryType_HEATMAP_QUERY_TYPE_INDIVIDUAL)
	_, err := client.SelectMergeStacktraces(ctx, connect.NewRequest(&querierv1.SelectMergeStacktracesRequest{ProfileTypeID: "a:b", LabelSelector: selector, Start: start, End: end}))
	found["wrong"] = connect.CodeOf(err).String()
	line, _ := json.Marshal(found)
	fmt.Println(string(line))
}
