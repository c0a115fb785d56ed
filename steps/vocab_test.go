package steps

import (
	"slices"
	"strings"
	"testing"

	"countersign/features"
	"countersign/steps/plan"
)

func TestEverySentenceIsUsedAndHasOneMeaning(t *testing.T) {
	documents, err := plan.Read(features.FS())
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]int{}
	scenarios, steps := 0, 0
	for _, d := range documents {
		for _, s := range d.Scenarios {
			scenarios++
			for _, problem := range checkSentences(s) {
				t.Error(problem)
			}
			for _, text := range s.Sentences {
				steps++
				for _, p := range vocabulary {
					if p.pattern.MatchString(text) {
						used[p.words]++
					}
				}
			}
		}
	}
	for _, p := range vocabulary {
		if used[p.words] == 0 {
			t.Errorf("no feature uses the sentence %q", p.words)
		}
	}
	t.Logf("%d sentences, %d scenarios, %.1f uses a sentence", len(vocabulary), scenarios, float64(steps)/float64(len(vocabulary)))
}

func TestCheckedRules(t *testing.T) {
	cited := []string{"PA-001", "PA-002", "PA-003"}
	for _, c := range []struct {
		named   string
		cited   []string
		want    []string
		problem string
	}{
		{"", cited[:1], cited[:1], ""},
		{"PA-002", cited, cited[1:2], ""},
		{"PA-002, PA-003", cited, cited[1:], ""},
		{"", cited, nil, "names no rule and the scenario cites PA-001, PA-002, PA-003"},
		{"PA-002, PA-009", cited, nil, "names PA-009, which the scenario does not cite"},
	} {
		got, err := checkedRules("it starts", c.named, c.cited)
		if !slices.Equal(got, c.want) || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q of %v: %v, %v; want %v, %q", c.named, c.cited, got, err, c.want, c.problem)
		}
	}
}
