// Prints what Go's regexp makes of patterns: reads {"patterns": [...], "values": {row: text}} on stdin and writes
// {pattern: [rows that match anchored, rows that match anywhere]}, or "ERR" and Go's words. It made
// ../data/patterns.json, and a test compares patterns made at random with it.
package main

import (
	"encoding/json"
	"os"
	"regexp"
	"sort"
	"strings"
)

type input struct {
	Patterns []string          `json:"patterns"`
	Values   map[string]string `json:"values"`
}

func rows(pattern string, values map[string]string) string {
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return "ERR " + err.Error()
	}
	var found []string
	for row, text := range values {
		if compiled.MatchString(text) {
			found = append(found, row)
		}
	}
	sort.Strings(found)
	return strings.Join(found, ",")
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		panic(err)
	}
	table := map[string][2]string{}
	for _, pattern := range in.Patterns {
		anywhere := rows(pattern, in.Values)
		whole := anywhere
		if !strings.HasPrefix(anywhere, "ERR ") {
			whole = rows("^(?:"+pattern+")$", in.Values)
		}
		table[pattern] = [2]string{whole, anywhere}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(table); err != nil {
		panic(err)
	}
}
