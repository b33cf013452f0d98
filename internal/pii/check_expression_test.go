package pii

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// What is certain without a database must be what databases say: random expressions are asked of both.
func TestTheOutcomeOfACHECKIsThatOfTheDatabase(t *testing.T) {
	texts := []string{"", " ", "a", "A", "ab", "a'b", "[erased]", "erased-7", "x@y.z", "äö", "10", "a%b", "a_b"}
	numbers := []string{"0", "1", "-1", "7", "10", "2.5", "-0.5", "100"}
	values := []any{nil, int64(0), int64(7), int64(-1)}
	for _, text := range texts {
		values = append(values, text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	atom := func(text bool) string {
		if !text || random.IntN(3) == 0 {
			operand := pick("length(v)", "char_length(v)", "LENGTH( trim(v) )")
			if !text {
				operand = pick("v", `"v"`, "V")
			}
			number := func() string { return pick(numbers...) }
			return pick(operand+" "+pick("=", "<>", "!=", "<", "<=", ">", ">=")+" "+number(),
				number()+pick("<", "<=", ">", ">=", "=")+operand, operand+" BETWEEN "+number()+" AND "+number(),
				operand+" not between "+number()+" and "+number(), operand+" IN ("+number()+", "+number()+")", operand+" NOT IN ("+number()+")",
				"v IS NULL", "v IS NOT NULL")
		}
		operand := pick("v", `"v"`, "trim(v)")
		literal := func() string { return quote(pick(texts...)) }
		return pick(operand+pick("=", "<>", "!=")+literal(), operand+" IN ("+literal()+","+literal()+")", operand+" not in ("+literal()+")",
			operand+" LIKE "+quote(pick("%", "a%", "%@%", "_", "%B", "[%", "", "a_b", "%.%")), operand+" NOT LIKE "+quote(pick("%", "A%", "%@%", "_")),
			"v IS NULL", "v IS NOT NULL", operand+" < "+literal())
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		certain := 0
		for range 4000 {
			written := values[random.IntN(len(values))]
			facts := &columnFacts{field: &schema.Field{DataType: "text"}, kind: TextColumn, loose: d.Has(dialect.LooseTexts)}
			var m Mask = fixedMask{constant: constant{column: facts, value: written}}
			literal, text := d.Text("NULL"), true
			switch value := written.(type) {
			case nil:
				m = nullMask{}
			case string:
				literal = d.Text(quote(value))
			case int64:
				literal, text, facts.kind = d.Integer(fmt.Sprint(value)), false, IntegerColumn
			}
			expression := atom(text)
			for range random.IntN(3) {
				expression += pick(" AND ", " OR ") + atom(text)
				if random.IntN(2) == 0 {
					expression = "(" + expression + ")"
				}
			}
			if database.Name == "sqlite" && strings.Contains(expression, "char_length") {
				continue // not a function there
			}
			condition, _, ok := readCheck(expression, "v", facts.loose)
			require.True(t, ok, expression)
			var answer *bool
			require.NoError(t, db.Raw("SELECT "+expression+" FROM (SELECT "+literal+" AS v) AS t").Scan(&answer).Error, expression)
			switch condition(facts.written(m)) {
			case breaks:
				certain++
				require.NotNil(t, answer, "%s of %s", expression, literal)
				require.False(t, *answer, "%s of %s", expression, literal)
			case holds:
				certain++
				require.False(t, answer != nil && !*answer, "%s of %s", expression, literal)
			}
		}
		require.Greater(t, certain, 1000, "not everything is unsure")
	})
}

// FuzzReadCheck reads expressions of every kind: it ends, without a panic, and what is not read to the end is not believed.
func FuzzReadCheck(f *testing.F) {
	for _, text := range []string{
		"", "v <> ''", "length(v) >= 10 AND v IN ('a','b')", "((v = 'x') OR 1 < v)", "v LIKE '%@%' ESCAPE '!'", "v BETWEEN 1 AND", "(((", "v = -",
		"v = --1", "v = 1e5", "v = 'it''s'", "v = 'open", "length(length(v)) > 1", "v IS NOT", "NOT v = 1", "v::text = 'a'", "E'a' = v", "trim(v", "v LIKE '\xaf'",
	} {
		f.Add(text)
	}
	facts := &columnFacts{field: &schema.Field{DataType: "text"}, kind: TextColumn}
	fixed := func(value any) Mask { return fixedMask{constant: constant{column: facts, value: value}} }
	masks := []Mask{nullMask{}, fixed("x"), fixed(int64(3)), randomMask{kind: TextColumn, width: 32}, funcMask{column: facts}}
	f.Fuzz(func(t *testing.T, text string) {
		condition, r, ok := readCheck(text, "v", false)
		if !ok {
			return
		}
		require.Empty(t, r.tokens)
		for _, m := range masks {
			got := condition(facts.written(m))
			require.Contains(t, []outcome{breaks, unsure, holds}, got)
			if m.From() == FromField {
				require.True(t, got != breaks || strings.Contains(strings.ToUpper(text), "NULL"), "nothing is known of what a masker gives")
			}
		}
	})
}
