package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
	querierv1 "github.com/grafana/pyroscope/api/gen/proto/go/querier/v1"
)

// node is a call; children are sorted by name, what was cut off comes last.
type node struct {
	name        string
	self, total int64
	children    []*node
}

const other = "other"

func (n *node) child(name string) *node {
	for _, child := range n.children {
		if child.name == name {
			return child
		}
	}
	child := &node{name: name}
	n.children = append(n.children, child)
	return child
}

// names of a sample's calls, the root first.
func names(sample *profile.Sample) []string {
	var found []string
	for _, location := range sample.Location {
		if len(location.Line) == 0 {
			found = append(found, fmt.Sprintf("0x%x", location.Address))
		}
		for _, line := range location.Line {
			name := ""
			if line.Function != nil {
				name = line.Function.Name
			}
			found = append(found, name)
		}
	}
	slices.Reverse(found)
	return found
}

func (n *node) add(stack []string, value int64) {
	n.total += value
	for _, name := range stack {
		n = n.child(name)
		n.total += value
	}
	n.self += value
}

func (n *node) sort() {
	slices.SortFunc(n.children, func(a, b *node) int {
		if (a.name == other) != (b.name == other) {
			if a.name == other {
				return 1
			}
			return -1
		}
		return strings.Compare(a.name, b.name)
	})
	for _, child := range n.children {
		child.sort()
	}
}

// cut keeps the nodes whose total is among the greatest, and puts the rest into "other".
func (n *node) cut(most int64) {
	var totals []int64
	n.each(func(node *node) { totals = append(totals, node.total) })
	if most <= 0 || int64(len(totals)) <= most {
		return
	}
	slices.Sort(totals)
	n.prune(totals[int64(len(totals))-most])
}

func (n *node) each(visit func(*node)) {
	for _, child := range n.children {
		visit(child)
		child.each(visit)
	}
}

func (n *node) prune(least int64) {
	var kept []*node
	var rest int64
	for _, child := range n.children {
		if child.total < least || child.name == other {
			rest += child.total
		} else {
			child.prune(least)
			kept = append(kept, child)
		}
	}
	if rest > 0 {
		kept = append(kept, &node{name: other, self: rest, total: rest})
	}
	n.children = kept
}

// stream writes the format TREE: depth first, the last sibling first.
func (n *node) stream() []byte {
	var out []byte
	stack := []*node{{children: n.children}}
	for len(stack) > 0 {
		node := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], node.children...)
		out = binary.AppendUvarint(out, uint64(len(node.name)))
		out = append(out, node.name...)
		out = binary.AppendUvarint(out, uint64(node.self))
		out = binary.AppendUvarint(out, uint64(len(node.children)))
	}
	return out
}

// graph is a flame graph on its way: of one tree, or of two that have the same shape.
type graph struct {
	names  []string
	index  map[string]int64
	levels []*querierv1.Level
	ends   [][]int64
	most   int64
}

func flameGraph(sides ...*node) *graph {
	g := &graph{index: map[string]int64{}}
	g.number("total")
	g.name(sides[0])
	root := make([]*node, len(sides))
	for i, side := range sides {
		root[i] = &node{name: "total", total: side.total, children: side.children}
	}
	g.bar(0, make([]int64, len(sides)), root)
	return g
}

func (g *graph) number(name string) int64 {
	number, known := g.index[name]
	if !known {
		number = int64(len(g.names))
		g.index[name] = number
		g.names = append(g.names, name)
	}
	return number
}

// name gives out numbers in the order of the original: the last sibling first.
func (g *graph) name(n *node) {
	for _, child := range slices.Backward(n.children) {
		g.number(child.name)
		g.name(child)
	}
}

func (g *graph) bar(level int, at []int64, sides []*node) {
	if level == len(g.levels) {
		g.levels = append(g.levels, &querierv1.Level{})
		g.ends = append(g.ends, make([]int64, len(sides)))
	}
	inside := make([]int64, len(sides))
	for i, side := range sides {
		g.levels[level].Values = append(g.levels[level].Values, at[i]-g.ends[level][i], side.total, side.self)
		g.ends[level][i] = at[i] + side.total
		g.most = max(g.most, side.self)
		inside[i] = at[i] + side.self
	}
	g.levels[level].Values = append(g.levels[level].Values, g.number(sides[0].name))
	for child := range sides[0].children {
		below := make([]*node, len(sides))
		for i, side := range sides {
			below[i] = side.children[child]
		}
		g.bar(level+1, inside, below)
		for i := range sides {
			inside[i] += below[i].total
		}
	}
}

// unite gives both trees the same shape.
func unite(a, b *node) {
	for _, child := range a.children {
		b.child(child.name)
	}
	for _, child := range b.children {
		unite(a.child(child.name), child)
	}
}
