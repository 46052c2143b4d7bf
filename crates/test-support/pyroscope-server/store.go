package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/profile"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
)

// store holds what was pushed, one entry for each sample type of each profile.
type store struct {
	mutex   sync.RWMutex
	entries []*entry
}

type entry struct {
	labels  labels
	typeID  string
	id      string
	millis  int64
	profile *profile.Profile // of one sample type
}

type labels map[string]string

func (l labels) key(names []string) string {
	var text strings.Builder
	for _, name := range names {
		if value, ok := l[name]; ok {
			fmt.Fprintf(&text, "%q=%q,", name, value)
		}
	}
	return text.String()
}

func (l labels) names() []string {
	names := make([]string, 0, len(l))
	for name := range l {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *store) push(series *pushv1.RawProfileSeries) error {
	given := labels{}
	for _, pair := range series.Labels {
		given[pair.Name] = pair.Value
	}
	if given["__name__"] == "" {
		return errors.New("invalid labels: the series has no metric name")
	}
	if given["service_name"] == "" {
		given["service_name"] = "unknown_service"
	}
	var fresh []*entry
	for _, sample := range series.Samples {
		whole, err := profile.ParseData(sample.RawProfile)
		if err != nil {
			return fmt.Errorf("malformed profile: %w", err)
		}
		for index := range whole.SampleType {
			fresh = append(fresh, newEntry(given, sample.ID, whole, index))
		}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.entries = append(s.entries, fresh...)
	return nil
}

func newEntry(given labels, id string, whole *profile.Profile, index int) *entry {
	one := whole.Copy()
	kind := one.SampleType[index]
	one.SampleType = []*profile.ValueType{kind}
	one.DefaultSampleType = ""
	for _, sample := range one.Sample {
		sample.Value = sample.Value[index : index+1]
	}
	if one.TimeNanos == 0 {
		one.TimeNanos = time.Now().UnixNano()
	}
	period := one.PeriodType
	if period == nil {
		period = &profile.ValueType{}
		one.PeriodType = period
	}
	all := labels{}
	for name, value := range given {
		all[name] = value
	}
	typeID := strings.Join([]string{given["__name__"], kind.Type, kind.Unit, period.Type, period.Unit}, ":")
	all["__profile_type__"] = typeID
	all["__type__"], all["__unit__"] = kind.Type, kind.Unit
	all["__period_type__"], all["__period_unit__"] = period.Type, period.Unit
	all["__service_name__"] = given["service_name"]
	return &entry{labels: all, typeID: typeID, id: id, millis: one.TimeNanos / 1e6, profile: one}
}

// within gives the entries of [start, end) that match, in order of time.
func (s *store) within(start, end int64, matchers []matcher) []*entry {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	var found []*entry
	for _, entry := range s.entries {
		if start <= entry.millis && entry.millis < end && matchAll(matchers, entry.labels) {
			found = append(found, entry)
		}
	}
	slices.SortStableFunc(found, func(a, b *entry) int { return cmp.Compare(a.millis, b.millis) })
	return found
}
