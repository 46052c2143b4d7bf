package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// matcher is one condition on a label; one that is absent counts as empty.
type matcher struct {
	name string
	test func(string) bool
}

func matchAll(matchers []matcher, of labels) bool {
	for _, matcher := range matchers {
		if !matcher.test(of[matcher.name]) {
			return false
		}
	}
	return true
}

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*`)
	operator   = regexp.MustCompile(`^(=~|!~|!=|=)`)
)

// parser reads PromQL's vector selectors, without offset and range.
type parser struct {
	text string
	at   int
}

func parseSelector(text string) ([]matcher, error) {
	p := &parser{text: text}
	p.blanks()
	var matchers []matcher
	name := p.take(metricName)
	if name != "" {
		matchers = append(matchers, equal("__name__", name))
	}
	p.blanks()
	if !p.eat("{") {
		if name != "" && p.at == len(p.text) {
			return matchers, nil
		}
		return nil, p.fail("expected a selector in braces")
	}
	for {
		p.blanks()
		if p.eat("}") {
			break
		}
		matcher, err := p.matcher()
		if err != nil {
			return nil, err
		}
		matchers = append(matchers, matcher)
		p.blanks()
		if !p.eat(",") && !strings.HasPrefix(p.text[p.at:], "}") {
			return nil, p.fail(`expected "," or "}"`)
		}
	}
	p.blanks()
	if p.at != len(p.text) {
		return nil, p.fail("expected the end")
	}
	return matchers, nil
}

func (p *parser) matcher() (matcher, error) {
	name := p.take(labelName)
	if name == "" {
		quoted, err := p.quoted()
		if err != nil {
			return matcher{}, err
		}
		name = quoted
	}
	p.blanks()
	op := p.take(operator)
	if op == "" {
		return equal("__name__", name), nil
	}
	p.blanks()
	value, err := p.quoted()
	if err != nil {
		return matcher{}, err
	}
	switch op {
	case "=":
		return equal(name, value), nil
	case "!=":
		return matcher{name, func(found string) bool { return found != value }}, nil
	}
	regex, err := regexp.Compile("^(?s:" + value + ")$")
	if err != nil {
		return matcher{}, p.fail(err.Error())
	}
	return matcher{name, func(found string) bool { return regex.MatchString(found) == (op == "=~") }}, nil
}

func equal(name, value string) matcher {
	return matcher{name, func(found string) bool { return found == value }}
}

func (p *parser) quoted() (string, error) {
	quoted, err := strconv.QuotedPrefix(p.text[p.at:])
	if err != nil {
		return "", p.fail("expected a quoted text")
	}
	p.at += len(quoted)
	return strconv.Unquote(quoted)
}

func (p *parser) take(pattern *regexp.Regexp) string {
	found := pattern.FindString(p.text[p.at:])
	p.at += len(found)
	return found
}

func (p *parser) eat(word string) bool {
	if !strings.HasPrefix(p.text[p.at:], word) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *parser) blanks() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " \t\r\n"))
}

func (p *parser) fail(what string) error {
	return fmt.Errorf("1:%d: parse error: %s", p.at+1, what)
}
