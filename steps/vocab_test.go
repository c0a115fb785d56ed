package steps

import (
	"testing"

	"countersign/features"
	"countersign/steps/plan"
)

// maxSentences bounds the vocabulary, which a reader of the features has to learn. Keys, renewal and deletion added 19 sentences to 120,
// the configuration of integrations, answers of the provider and forms of the exchange 11 more, and
// the dashboard, return addresses and requests of other sites 11 more.
// The management of content, associations and sessions added 26.
const maxSentences = 200

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
	if len(vocabulary) > maxSentences {
		t.Errorf("%d sentences, at most %d are allowed", len(vocabulary), maxSentences)
	}
	t.Logf("%d sentences, %d scenarios, %.1f uses a sentence", len(vocabulary), scenarios, float64(steps)/float64(len(vocabulary)))
}
