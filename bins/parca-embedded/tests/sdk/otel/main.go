// Exports a profile by each of the OpenTelemetry Collector's own exporters to the host and port in its argument: by gRPC,
// and by HTTP as protobuf and as JSON, each under a service name of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pprofile"
)

func main() {
	address := os.Args[1]
	http := func(encoding string) map[string]any {
		return map[string]any{"endpoint": "http://" + address, "encoding": encoding}
	}
	grpc := map[string]any{"endpoint": address, "tls": map[string]any{"insecure": true}}
	for _, one := range []struct {
		service string
		factory exporter.Factory
		config  map[string]any
	}{
		{"otel.grpc", otlpexporter.NewFactory(), grpc},
		{"otel.proto", otlphttpexporter.NewFactory(), http("proto")},
		{"otel.json", otlphttpexporter.NewFactory(), http("json")},
	} {
		if err := export(one.factory, one.config, profiles(one.service)); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", one.service, err)
			os.Exit(1)
		}
	}
}

func export(factory exporter.Factory, config map[string]any, profiles pprofile.Profiles) error {
	// What is not taken is an error at once, not a line of a log later.
	config["sending_queue"] = map[string]any{"enabled": false}
	config["retry_on_failure"] = map[string]any{"enabled": false}
	settings := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(config).Unmarshal(settings); err != nil {
		return err
	}
	ctx := context.Background()
	made := exportertest.NewNopSettings(factory.Type())
	sender, err := factory.(xexporter.Factory).CreateProfiles(ctx, made, settings)
	if err != nil {
		return err
	}
	if err := sender.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	if err := sender.ConsumeProfiles(ctx, profiles); err != nil {
		return err
	}
	return sender.Shutdown(ctx)
}

// Two samples of main and what it calls: 30 ms in work, 12 ms in rest.
func profiles(service string) pprofile.Profiles {
	all := pprofile.NewProfiles()
	dictionary := all.Dictionary()
	text := func(text string) int32 {
		for at, known := range dictionary.StringTable().All() {
			if known == text {
				return int32(at)
			}
		}
		dictionary.StringTable().Append(text)
		return int32(dictionary.StringTable().Len() - 1)
	}
	// The first entry of each table stands for none.
	text("")
	dictionary.MappingTable().AppendEmpty()
	dictionary.LinkTable().AppendEmpty()
	dictionary.AttributeTable().AppendEmpty()
	dictionary.FunctionTable().AppendEmpty()
	dictionary.LocationTable().AppendEmpty()
	dictionary.StackTable().AppendEmpty()
	location := func(name string, line int64) int32 {
		function := dictionary.FunctionTable().AppendEmpty()
		function.SetNameStrindex(text(name))
		function.SetFilenameStrindex(text("main.go"))
		location := dictionary.LocationTable().AppendEmpty()
		lines := location.Lines().AppendEmpty()
		lines.SetFunctionIndex(int32(dictionary.FunctionTable().Len() - 1))
		lines.SetLine(line)
		return int32(dictionary.LocationTable().Len() - 1)
	}
	main, work, rest := location("main.main", 3), location("main.work", 14), location("main.rest", 15)
	thread := dictionary.AttributeTable().AppendEmpty()
	thread.SetKeyStrindex(text("thread.name"))
	thread.Value().SetStr("worker")

	resource := all.ResourceProfiles().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", service)
	profile := resource.ScopeProfiles().AppendEmpty().Profiles().AppendEmpty()
	profile.SampleType().SetTypeStrindex(text("cpu"))
	profile.SampleType().SetUnitStrindex(text("nanoseconds"))
	profile.PeriodType().SetTypeStrindex(text("cpu"))
	profile.PeriodType().SetUnitStrindex(text("nanoseconds"))
	profile.SetPeriod(int64(time.Second / 100))
	profile.SetTime(pcommon.NewTimestampFromTime(time.Now().Add(-10 * time.Second)))
	profile.SetDurationNano(uint64(10 * time.Second))
	profile.SetProfileID(pprofile.ProfileID{1, 2, 3, byte(len(service))})
	for leaf, value := range map[int32]time.Duration{work: 30 * time.Millisecond, rest: 12 * time.Millisecond} {
		stack := dictionary.StackTable().AppendEmpty()
		stack.LocationIndices().Append(leaf, main)
		sample := profile.Samples().AppendEmpty()
		sample.SetStackIndex(int32(dictionary.StackTable().Len() - 1))
		sample.Values().Append(int64(value))
		sample.AttributeIndices().Append(1)
	}
	return all
}
