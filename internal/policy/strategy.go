package policy

import (
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room says what a strategy is, and which there are. A new one is a file strategy_….go and a line of the table, beside its
// words in the grammar of tags.

// Strategy is how a model's rows leave the live set.
type Strategy interface {
	// Word is the tag word.
	Word() string
	// Predicates are the conditions that tell the rows of the model's table apart.
	Predicates(quote func(string) string) statement.Predicates
	// Keeps tells whether deleted rows are kept, so that they can be told and restored.
	Keeps() bool
	// Leaves tells whether a deleted row leaves the model's table.
	Leaves() bool
}

// marker is a strategy that marks a row in place.
type marker interface {
	Strategy
	// mark adds what a deletion writes beside the companion columns, unmark lists what a restore writes.
	mark(list []Assignment, p *Policy, at time.Time) []Assignment
	unmark(p *Policy) []Assignment
	// Column is the deletion column, Deletes tells whether a value in it, not NULL, makes the row a deleted one.
	Column() *schema.Field
	Deletes(value any) bool
}

// strategyWord is a tag word that names a strategy.
type strategyWord struct {
	word   string
	own    []string // the settings that belong to it alone
	settle func(*policyBuilder)
}

// strategies are all of them: those of a model's settings, and those of a column, which is then the deletion column.
var strategies = []strategyWord{
	{word: "archive", own: []string{"table"}, settle: (*policyBuilder).settleArchive},
	{word: "hard", settle: (*policyBuilder).settleHard},
	{word: "never", settle: (*policyBuilder).settleNever},
	{word: "timestamp", own: []string{"unit"}, settle: (*policyBuilder).settleTimestamp},
	{word: "flag", settle: (*policyBuilder).settleFlag},
	{word: "status", own: []string{"deleted", "active", "visible"}, settle: (*policyBuilder).settleStatus},
}

// strategiesOf lists those whose words belong on a carrier.
func strategiesOf(on tag.Carrier) []strategyWord {
	return slices.DeleteFunc(slices.Clone(strategies), func(s strategyWord) bool { return !slices.Contains(tag.Words[s.word].Carriers, on) })
}

// namedIn lists the strategies of a carrier that a tag names.
func namedIn(setting tag.Settings, on tag.Carrier) []strategyWord {
	return slices.DeleteFunc(strategiesOf(on), func(s strategyWord) bool { return !setting.Has(s.word) })
}

// wordsFor lists the words of strategies for people.
func wordsFor(list []strategyWord, last string) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = s.word
	}
	if n := len(words) - 1; n > 0 {
		return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
	}
	return strings.Join(words, "")
}

// noStrategy is that of a model without a policy: as under plain GORM.
type noStrategy struct{ unmarked }

func (noStrategy) Word() string { return "" }

// unmarked is a strategy that tells no deleted rows in the model's table.
type unmarked struct{}

func (unmarked) Predicates(func(string) string) statement.Predicates { return statement.Predicates{} }
func (unmarked) Keeps() bool                                         { return false }
func (unmarked) Leaves() bool                                        { return false }

// inPlace is a strategy whose deleted rows stay in the model's table.
type inPlace struct{}

func (inPlace) Keeps() bool  { return true }
func (inPlace) Leaves() bool { return false }

// marker is the strategy of a model whose rows are marked in place.
func (p *Policy) marker() (marker, bool) { m, ok := p.Strategy.(marker); return m, ok }

// Column is the deletion column, nil where the model has none.
func (p *Policy) Column() *schema.Field {
	if m, marks := p.marker(); marks {
		return m.Column()
	}
	return nil
}

// Deletes tells whether a value of the deletion column, not NULL, makes a row a deleted one.
func (p *Policy) Deletes(value any) bool {
	m, marks := p.marker()
	return marks && m.Deletes(value)
}

// KeepsDeleted tells whether the model's deleted rows can be told and restored.
func (p *Policy) KeepsDeleted() bool { return p.Strategy.Keeps() }

// zeroIsLive are the predicates of a column in which NULL and zero are live.
func zeroIsLive(field *schema.Field, column, zero string) statement.Predicates {
	p := statement.Predicates{
		Live:    statement.NewPredicate("(%s = "+zero+" OR %s IS NULL)", column, column),
		Deleted: statement.NewPredicate("%s <> "+zero, column),
	}
	if field.NotNull {
		p.Live = statement.NewPredicate("%s = "+zero, column)
	}
	return p
}
