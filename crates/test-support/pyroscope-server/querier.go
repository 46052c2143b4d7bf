package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/google/pprof/profile"
	googlev1 "github.com/grafana/pyroscope/api/gen/proto/go/google/v1"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	querierv1 "github.com/grafana/pyroscope/api/gen/proto/go/querier/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
	typesv1 "github.com/grafana/pyroscope/api/gen/proto/go/types/v1"
	"google.golang.org/protobuf/proto"
)

type server struct {
	querierv1connect.UnimplementedQuerierServiceHandler
	store   store
	longest time.Duration
	old     bool
}

const (
	defaultNodes = 8192
	mostNodes    = 1 << 20
)

func invalid(format string, args ...any) error {
	return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf(format, args...))
}

func (s *server) checkRange(start, end int64) error {
	length := time.Duration(end-start) * time.Millisecond
	switch {
	case start == 0 || end == 0:
		return invalid("missing time range in the query")
	case start > end:
		return invalid("invalid time range: the start is after the end")
	case length > s.longest:
		return invalid("the range of the query is too long (max_query_length, actual: %s, limit: %s)", length, s.longest)
	}
	return nil
}

// find gives what a list or select method asks for; an empty type means all.
func (s *server) find(start, end int64, selectors []string, typeID string) ([]*entry, error) {
	if err := s.checkRange(start, end); err != nil {
		return nil, err
	}
	var matchers []matcher
	for _, selector := range selectors {
		more, err := parseSelector(selector)
		if err != nil {
			return nil, invalid("%w", err)
		}
		matchers = append(matchers, more...)
	}
	if typeID != "" {
		matchers = append(matchers, equal("__profile_type__", typeID))
	}
	return s.store.within(start, end, matchers), nil
}

func checkType(id string) (string, error) {
	parts := strings.Split(id, ":")
	if len(parts) != 5 && len(parts) != 6 {
		return "", invalid("profile-type selection must be of the form <name>:<sample-type>:<sample-unit>:<period-type>:<period-unit>(:delta), got(%d): %q", len(parts), id)
	}
	return strings.Join(parts[:5], ":"), nil
}

func (s *server) Push(_ context.Context, r *connect.Request[pushv1.PushRequest]) (*connect.Response[pushv1.PushResponse], error) {
	var failures []error
	for _, series := range r.Msg.Series {
		failures = append(failures, s.store.push(series))
	}
	if err := errors.Join(failures...); err != nil {
		return nil, invalid("%w", err)
	}
	return connect.NewResponse(&pushv1.PushResponse{}), nil
}

func (s *server) ProfileTypes(_ context.Context, r *connect.Request[querierv1.ProfileTypesRequest]) (*connect.Response[querierv1.ProfileTypesResponse], error) {
	start, end := r.Msg.Start, r.Msg.End
	if start == 0 && end == 0 {
		end = time.Now().UnixMilli()
		start = end - time.Hour.Milliseconds()
	}
	found, err := s.find(start, end, nil, "")
	if err != nil {
		return nil, err
	}
	answer := &querierv1.ProfileTypesResponse{}
	for _, id := range distinct(found, func(e *entry) []string { return []string{e.typeID} }) {
		part := strings.Split(id, ":")
		answer.ProfileTypes = append(answer.ProfileTypes, &typesv1.ProfileType{
			ID: id, Name: part[0], SampleType: part[1], SampleUnit: part[2], PeriodType: part[3], PeriodUnit: part[4],
		})
	}
	return connect.NewResponse(answer), nil
}

func (s *server) LabelNames(_ context.Context, r *connect.Request[typesv1.LabelNamesRequest]) (*connect.Response[typesv1.LabelNamesResponse], error) {
	found, err := s.find(r.Msg.Start, r.Msg.End, r.Msg.Matchers, "")
	if err != nil {
		return nil, err
	}
	names := distinct(found, func(e *entry) []string { return e.labels.names() })
	if !strings.Contains(r.Header().Get("Accept"), "allow-utf8-labelnames=true") {
		names = slices.DeleteFunc(names, func(name string) bool { return labelName.FindString(name) != name })
	}
	return connect.NewResponse(&typesv1.LabelNamesResponse{Names: names}), nil
}

func (s *server) LabelValues(_ context.Context, r *connect.Request[typesv1.LabelValuesRequest]) (*connect.Response[typesv1.LabelValuesResponse], error) {
	found, err := s.find(r.Msg.Start, r.Msg.End, r.Msg.Matchers, "")
	if err != nil {
		return nil, err
	}
	values := distinct(found, func(e *entry) []string { return []string{e.labels[r.Msg.Name]} })
	values = slices.DeleteFunc(values, func(value string) bool { return value == "" })
	return connect.NewResponse(&typesv1.LabelValuesResponse{Names: values}), nil
}

func distinct(entries []*entry, of func(*entry) []string) []string {
	var found []string
	for _, entry := range entries {
		found = append(found, of(entry)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (s *server) Series(_ context.Context, r *connect.Request[querierv1.SeriesRequest]) (*connect.Response[querierv1.SeriesResponse], error) {
	found, err := s.find(r.Msg.Start, r.Msg.End, r.Msg.Matchers, "")
	if err != nil {
		return nil, err
	}
	answer, seen := &querierv1.SeriesResponse{}, map[string]bool{}
	for _, entry := range found {
		names := r.Msg.LabelNames
		if len(names) == 0 {
			names = entry.labels.names()
		}
		if key := entry.labels.key(names); key != "" && !seen[key] {
			seen[key] = true
			answer.LabelsSet = append(answer.LabelsSet, &typesv1.Labels{Labels: pairs(entry.labels, names)})
		}
	}
	return connect.NewResponse(answer), nil
}

func pairs(of labels, names []string) []*typesv1.LabelPair {
	var found []*typesv1.LabelPair
	for _, name := range names {
		if value, ok := of[name]; ok {
			found = append(found, &typesv1.LabelPair{Name: name, Value: value})
		}
	}
	return found
}

// selectEntries checks a selection and gives its entries.
func (s *server) selectEntries(r *querierv1.SelectMergeStacktracesRequest) ([]*entry, error) {
	typeID, err := checkType(r.ProfileTypeID)
	if err != nil {
		return nil, err
	}
	if nodes := r.GetMaxNodes(); nodes > mostNodes || nodes < 0 {
		return nil, invalid("max flamegraph nodes limit %d is not within 0 and %d", nodes, mostNodes)
	}
	found, err := s.find(r.Start, r.End, []string{r.LabelSelector}, typeID)
	if len(r.ProfileIdSelector) > 0 {
		found = slices.DeleteFunc(found, func(e *entry) bool { return !slices.Contains(r.ProfileIdSelector, e.id) })
	}
	return found, err
}

// each visits the samples that a selection keeps.
func each(r *querierv1.SelectMergeStacktracesRequest, entries []*entry, visit func(*entry, *profile.Sample)) {
	var site []string
	for _, location := range r.GetStackTraceSelector().GetCallSite() {
		site = append(site, location.Name)
	}
	for _, entry := range entries {
		for _, sample := range entry.profile.Sample {
			span := sample.Label["span_id"]
			if sample.Value[0] == 0 {
				continue // Of another sample type of the same profile: the original stores none.
			}
			if len(r.SpanSelector) > 0 && (len(span) == 0 || !slices.Contains(r.SpanSelector, span[0])) {
				continue
			}
			if stack := names(sample); len(stack) >= len(site) && slices.Equal(stack[:len(site)], site) {
				visit(entry, sample)
			}
		}
	}
}

func (s *server) tree(r *querierv1.SelectMergeStacktracesRequest) (*node, error) {
	entries, err := s.selectEntries(r)
	if err != nil {
		return nil, err
	}
	root := &node{}
	each(r, entries, func(_ *entry, sample *profile.Sample) { root.add(names(sample), sample.Value[0]) })
	nodes := r.GetMaxNodes()
	if nodes == 0 {
		nodes = defaultNodes
	}
	root.cut(nodes)
	root.sort()
	return root, nil
}

func (s *server) SelectMergeStacktraces(_ context.Context, r *connect.Request[querierv1.SelectMergeStacktracesRequest]) (*connect.Response[querierv1.SelectMergeStacktracesResponse], error) {
	if r.Msg.Format == querierv1.ProfileFormat_PROFILE_FORMAT_PPROF && !s.old {
		merged, err := s.merge(r.Msg)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(&querierv1.SelectMergeStacktracesResponse{Pprof: &querierv1.PprofProfile{Profile: merged}}), nil
	}
	root, err := s.tree(r.Msg)
	if err != nil {
		return nil, err
	}
	answer := &querierv1.SelectMergeStacktracesResponse{}
	if r.Msg.Format != querierv1.ProfileFormat_PROFILE_FORMAT_TREE || s.old {
		graph := flameGraph(root)
		answer.Flamegraph = &querierv1.FlameGraph{Names: graph.names, Levels: graph.levels, Total: root.total, MaxSelf: graph.most}
	}
	if !s.old {
		// As the server with both kinds of storage, which also has no DOT.
		answer.Tree = root.stream()
	}
	return connect.NewResponse(answer), nil
}

func (s *server) SelectMergeSpanProfile(_ context.Context, r *connect.Request[querierv1.SelectMergeSpanProfileRequest]) (*connect.Response[querierv1.SelectMergeSpanProfileResponse], error) {
	root, err := s.tree(&querierv1.SelectMergeStacktracesRequest{
		ProfileTypeID: r.Msg.ProfileTypeID, LabelSelector: r.Msg.LabelSelector, SpanSelector: r.Msg.SpanSelector,
		Start: r.Msg.Start, End: r.Msg.End, MaxNodes: r.Msg.MaxNodes,
	})
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&querierv1.SelectMergeSpanProfileResponse{Tree: root.stream()}), nil
}

func (s *server) SelectMergeProfile(_ context.Context, r *connect.Request[querierv1.SelectMergeProfileRequest]) (*connect.Response[googlev1.Profile], error) {
	merged, err := s.merge(&querierv1.SelectMergeStacktracesRequest{
		ProfileTypeID: r.Msg.ProfileTypeID, LabelSelector: r.Msg.LabelSelector, Start: r.Msg.Start, End: r.Msg.End,
		StackTraceSelector: r.Msg.StackTraceSelector, ProfileIdSelector: r.Msg.ProfileIdSelector,
	})
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(merged), nil
}

// merge is one pprof of a selection, with the period that Pyroscope makes up.
func (s *server) merge(r *querierv1.SelectMergeStacktracesRequest) (*googlev1.Profile, error) {
	entries, err := s.selectEntries(r)
	if err != nil {
		return nil, err
	}
	kept := map[*entry]*profile.Profile{}
	var parts []*profile.Profile
	each(r, entries, func(entry *entry, sample *profile.Sample) {
		if kept[entry] == nil {
			whole := entry.profile
			part := &profile.Profile{
				SampleType: whole.SampleType, PeriodType: whole.PeriodType, Period: period(entry.labels["__name__"]),
				Mapping: whole.Mapping, Location: whole.Location, Function: whole.Function,
			}
			kept[entry] = part
			parts = append(parts, part)
		}
		kept[entry].Sample = append(kept[entry].Sample, &profile.Sample{Location: sample.Location, Value: sample.Value})
	})
	answer := &googlev1.Profile{}
	if len(parts) == 0 {
		return answer, nil
	}
	merged, err := profile.Merge(parts)
	if err != nil {
		return nil, err
	}
	merged.TimeNanos, merged.DurationNanos = r.End*1e6, (r.End-r.Start)*1e6
	var file bytes.Buffer
	if err := merged.WriteUncompressed(&file); err != nil {
		return nil, err
	}
	return answer, proto.Unmarshal(file.Bytes(), answer)
}

func period(name string) int64 {
	switch name {
	case "process_cpu":
		return 1e9
	case "memory":
		return 512 << 10
	}
	return 1
}

func (s *server) SelectSeries(_ context.Context, r *connect.Request[querierv1.SelectSeriesRequest]) (*connect.Response[querierv1.SelectSeriesResponse], error) {
	typeID, err := checkType(r.Msg.ProfileTypeID)
	if err != nil {
		return nil, err
	}
	step := int64(r.Msg.Step * 1000)
	if step < 1 {
		return nil, invalid("the step is below a millisecond")
	}
	if err := s.checkRange(r.Msg.Start, r.Msg.End); err != nil {
		return nil, err
	}
	matchers, err := parseSelector(r.Msg.LabelSelector)
	if err != nil {
		return nil, invalid("%w", err)
	}
	matchers = append(matchers, equal("__profile_type__", typeID))
	// One step early, and so the first point is about what was before the range.
	sums := map[string]*sum{}
	for _, entry := range s.store.within(r.Msg.Start-step+1, r.Msg.End, matchers) {
		key := entry.labels.key(r.Msg.GroupBy)
		if sums[key] == nil {
			sums[key] = &sum{labels: pairs(entry.labels, r.Msg.GroupBy), points: map[int64]*typesv1.Point{}}
		}
		steps := math.Ceil(float64(entry.millis-r.Msg.Start) / float64(step))
		sums[key].add(entry, r.Msg.Start+int64(steps)*step, r.Msg.ExemplarType == typesv1.ExemplarType_EXEMPLAR_TYPE_INDIVIDUAL)
	}
	return connect.NewResponse(&querierv1.SelectSeriesResponse{Series: top(sums, r.Msg.GetLimit())}), nil
}

type sum struct {
	labels []*typesv1.LabelPair
	points map[int64]*typesv1.Point
	total  float64
}

func (s *sum) add(entry *entry, timestamp int64, exemplars bool) {
	var value int64
	for _, sample := range entry.profile.Sample {
		value += sample.Value[0]
	}
	point := s.points[timestamp]
	if point == nil {
		point = &typesv1.Point{Timestamp: timestamp}
		s.points[timestamp] = point
	}
	point.Value += float64(value)
	s.total += float64(value)
	if exemplars && (len(point.Exemplars) == 0 || point.Exemplars[0].Value < value) {
		point.Exemplars = []*typesv1.Exemplar{{Timestamp: entry.millis, ProfileId: entry.id, Value: value}}
	}
}

func top(sums map[string]*sum, limit int64) []*typesv1.Series {
	var keys []string
	for key := range sums {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b].total, sums[a].total), strings.Compare(a, b))
	})
	var series []*typesv1.Series
	for _, key := range keys {
		one := &typesv1.Series{Labels: sums[key].labels}
		for _, point := range sums[key].points {
			one.Points = append(one.Points, point)
		}
		slices.SortFunc(one.Points, func(a, b *typesv1.Point) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
		series = append(series, one)
	}
	if limit > 0 && int64(len(series)) > limit {
		series = series[:limit]
	}
	return series
}

func (s *server) Diff(_ context.Context, r *connect.Request[querierv1.DiffRequest]) (*connect.Response[querierv1.DiffResponse], error) {
	most := max(r.Msg.Left.GetMaxNodes(), r.Msg.Right.GetMaxNodes())
	var sides []*node
	for _, request := range []*querierv1.SelectMergeStacktracesRequest{r.Msg.Left, r.Msg.Right} {
		side := &querierv1.SelectMergeStacktracesRequest{
			ProfileTypeID: request.GetProfileTypeID(), LabelSelector: request.GetLabelSelector(), MaxNodes: &most,
			Start: request.GetStart(), End: request.GetEnd(), StackTraceSelector: request.GetStackTraceSelector(),
		}
		root, err := s.tree(side)
		if err != nil {
			// The code twice, as the original says it.
			return nil, invalid("%w", err)
		}
		sides = append(sides, root)
	}
	unite(sides[0], sides[1])
	sides[0].sort()
	sides[1].sort()
	graph := flameGraph(sides...)
	return connect.NewResponse(&querierv1.DiffResponse{Flamegraph: &querierv1.FlameGraphDiff{
		Names: graph.names, Levels: graph.levels, MaxSelf: graph.most, Total: sides[0].total + sides[1].total,
		LeftTicks: sides[0].total, RightTicks: sides[1].total,
	}}), nil
}

func (s *server) GetProfileStats(context.Context, *connect.Request[typesv1.GetProfileStatsRequest]) (*connect.Response[typesv1.GetProfileStatsResponse], error) {
	all := s.store.within(math.MinInt64, math.MaxInt64, nil)
	answer := &typesv1.GetProfileStatsResponse{DataIngested: len(all) > 0}
	if len(all) > 0 {
		answer.OldestProfileTime, answer.NewestProfileTime = all[0].millis, all[len(all)-1].millis
	}
	return connect.NewResponse(answer), nil
}

func (s *server) AnalyzeQuery(context.Context, *connect.Request[querierv1.AnalyzeQueryRequest]) (*connect.Response[querierv1.AnalyzeQueryResponse], error) {
	return connect.NewResponse(&querierv1.AnalyzeQueryResponse{}), nil
}

func (s *server) SelectHeatmap(context.Context, *connect.Request[querierv1.SelectHeatmapRequest]) (*connect.Response[querierv1.SelectHeatmapResponse], error) {
	return nil, connect.NewError(connect.CodeUnimplemented, errors.New("heatmaps need the v2 storage"))
}
