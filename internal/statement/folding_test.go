package statement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// foldingRow has texts whose columns differ in what they take for the same.
	foldingRow struct {
		ID     string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		At     time.Time
		Number int
		Plain  string
		Hidden string // by hand
		Padded string `gorm:"type:char(4)"`
	}
	foldingSession struct {
		statement.Session
		statement.Folding
		recorder *testdb.Recorder
	}
)

func foldingEach(t *testing.T, run func(t *testing.T, database *testdb.Database, s *foldingSession)) {
	foldingOf(t, testdb.Everywhere, run)
}

func foldingOf(t *testing.T, databases testdb.Only, run func(t *testing.T, database *testdb.Database, s *foldingSession)) {
	testdb.EachOf(t, databases, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		db := database.Open(t)
		fixture.FoldModels(t, db, &foldingRow{})
		require.NoError(t, db.AutoMigrate(&foldingRow{}))
		switch database.Name {
		case "postgres":
			fixture.Exec(t, db, "ALTER TABLE folding_rows ALTER hidden TYPE text COLLATE nocase")
		case "mysql":
			database.Lettered(t, db, "folding_rows")
			folds := fixture.FoldedType(db, "text COLLATE NOCASE")
			fixture.Exec(t, db, "ALTER TABLE folding_rows MODIFY id "+folds, "ALTER TABLE folding_rows MODIFY hidden "+folds)
		default:
			fixture.Exec(t, db, "ALTER TABLE folding_rows DROP hidden", "ALTER TABLE folding_rows ADD hidden "+fixture.FoldedType(db, "text COLLATE NOCASE"))
		}
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		run(t, database, &foldingSession{Session: statement.Session{DB: db, Dialect: d}, recorder: testdb.Record(db)})
	})
}

// texts gives keys of some columns as texts.
func (s *foldingSession) texts(t *testing.T, columns []string, keys ...[]any) []string {
	t.Helper()
	texts, err := s.Texts(s.Session, "folding_rows", fieldsOf(t, s.DB, &foldingRow{}, columns...), keys)
	require.NoError(t, err)
	return texts
}

func TestKeysThatAColumnTakesForTheSameHaveOneText(t *testing.T) {
	foldingEach(t, func(t *testing.T, database *testdb.Database, s *foldingSession) {
		type named string
		blank := "ann "
		if database.Name == "mysql" {
			blank = "ann" // its collations fill texts with spaces
		}
		for _, column := range []string{"id", "hidden"} {
			texts := s.texts(t, []string{column}, []any{"ann"}, []any{"bob"}, []any{named("ANN")}, []any{[]byte("Bob")}, []any{"ann "}, []any{`a"\,'b`}, []any{`A"\,'B`}, []any{"Ä"}, []any{"\xff"}, []any{"\xFF"})
			require.Equal(t, []string{"ann", "bob", "ann", "bob", blank, `a"\,'b`, `a"\,'b`, "Ä", "\xff", "\xff"}, texts, column)
		}
		require.Equal(t, []string{"ann", "ANN"}, s.texts(t, []string{"plain"}, []any{"ann"}, []any{"ANN"}))
		require.Equal(t, []string{"1", "2", "1"}, s.texts(t, []string{"number"}, []any{1}, []any{2}, []any{int8(1)}))
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		texts := s.texts(t, []string{"id", "plain", "at"}, []any{"a,", "x", at}, []any{"A,", "x", at}, []any{"A,", "X", at}, []any{"a,", "x", at.Add(time.Second)}, []any{nil, "x", at})
		require.Equal(t, texts[0], texts[1])
		require.NotEqual(t, texts[0], texts[2])
		require.NotEqual(t, texts[0], texts[3])
		require.NotEqual(t, texts[0], texts[4])
		padded := s.texts(t, []string{"padded"}, []any{"a"}, []any{"a  "}, []any{"A"})
		require.Equal(t, database.Name != "sqlite", padded[0] == padded[1], "SQLite pads nothing")
		require.NotEqual(t, padded[0], padded[2])
	})
}

func TestADatabaseIsAskedOnceWhatItTakesForTheSame(t *testing.T) {
	foldingEach(t, func(t *testing.T, _ *testdb.Database, s *foldingSession) {
		ask := func(columns []string, keys ...[]any) int {
			before := len(s.recorder.Statements())
			s.texts(t, columns, keys...)
			return len(s.recorder.Statements()) - before
		}
		require.Equal(t, 0, ask([]string{"number"}, []any{1}, []any{2}))
		require.Equal(t, 1, ask([]string{"plain"}, []any{"a"}, []any{"b"}))
		require.Equal(t, 0, ask([]string{"plain"}, []any{"a"}, []any{"A"}))
		require.Equal(t, 2, ask([]string{"id"}, []any{"a"}, []any{"A"}))
		require.Equal(t, 1, ask([]string{"id"}, []any{"a"}, []any{"A"}))
		require.Equal(t, 0, ask([]string{"id"}, []any{"a"}, []any{"a"}), "there is nothing to ask")
		s.Forget()
		require.Equal(t, 1, ask([]string{"id"}, []any{"a"}))
	})
}

func TestTextsOfAnotherTableAreFoundInAnyLetters(t *testing.T) {
	foldingEach(t, func(t *testing.T, database *testdb.Database, s *foldingSession) {
		fixture.Exec(t, s.DB, "CREATE TABLE others (said text)")
		database.Lettered(t, s.DB, "others")
		fixture.Exec(t, s.DB, "INSERT INTO others VALUES ('ann'), ('ANN'), ('bob'), ('Ann,x'), ('ann,X'), ('zoe')")
		find := func(columns []string, keys ...[]any) (found []statement.Alike) {
			fields := fieldsOf(t, s.DB, &foldingRow{}, columns...)
			found, err := s.Others(s.Session, "folding_rows", fields, keys, statement.Other{
				Table: "others", Column: "said", Where: func(q *statement.Query) { q.Text("said <> 'zoe'") },
				Read: func(text string) ([]any, error) {
					if parts := strings.Split(text, ","); len(parts) == len(fields) {
						return statement.Values(parts), nil
					}
					return nil, gorm.ErrInvalidValue
				},
			})
			require.NoError(t, err)
			return found
		}
		require.ElementsMatch(t, []statement.Alike{{Text: "ann", Key: 1}, {Text: "ANN", Key: 1}, {Text: "bob", Key: 0}}, find([]string{"id"}, []any{"BOB"}, []any{"aNN"}, []any{"Zoe"}))
		require.ElementsMatch(t, []statement.Alike{{Text: "Ann,x", Key: 0}}, find([]string{"id", "plain"}, []any{"aNN", "x"}))
		require.Empty(t, find([]string{"plain"}, []any{"ann"}), "a column that folds nothing has them by their texts")
	})
}

func TestADomainIsTakenForTheTypeThatItIsOver(t *testing.T) {
	foldingOf(t, testdb.Domains, func(t *testing.T, database *testdb.Database, s *foldingSession) {
		if database.Name == "sqlite" {
			fixture.Exec(t, s.DB, "DROP TABLE folding_rows", "CREATE TABLE folding_rows (id text COLLATE NOCASE PRIMARY KEY, plain text, padded text COLLATE RTRIM)")
		} else {
			fixture.Exec(
				t, s.DB, "CREATE DOMAIN slot AS char(4) CHECK (VALUE <> 'none')", "CREATE DOMAIN place AS slot", "CREATE DOMAIN letters AS text COLLATE nocase CHECK (length(VALUE) < 5)",
				"CREATE DOMAIN short AS text CHECK (length(VALUE) < 5)", "DROP TABLE folding_rows", "CREATE TABLE folding_rows (id letters PRIMARY KEY, plain short, padded place)",
			)
		}
		require.Equal(t, []string{"ann", "ann"}, s.texts(t, []string{"id"}, []any{"ann"}, []any{"ANN"}))
		require.Equal(t, []string{"a", "a", "none", "longer"}, s.texts(t, []string{"padded"}, []any{"a"}, []any{"a  "}, []any{"none"}, []any{"longer"}))
		require.Equal(t, []string{"longer", "longer"}, s.texts(t, []string{"id"}, []any{"longer"}, []any{"LONGER"}), "no row has it, which is no error")
		fixture.Exec(t, s.DB, "INSERT INTO folding_rows VALUES ('ann', 'x', 'a')")
		q := s.Query().Text("SELECT id, plain FROM folding_rows WHERE ")
		q.KeyAmong(statement.Table{Name: "folding_rows"}, fieldsOf(t, s.DB, &foldingRow{}, "id", "plain"), [][]any{{"ANN", "x"}, {"longer", "x"}, {"ann", "longer"}})
		found, err := q.KeyValues(2)
		require.NoError(t, err)
		require.Len(t, found, 1)
	})
}

func TestWhatIsNotThereYetIsNotRemembered(t *testing.T) {
	foldingEach(t, func(t *testing.T, database *testdb.Database, s *foldingSession) {
		later := func() ([]string, error) {
			return s.Texts(s.Session, "later", fieldsOf(t, s.DB, &foldingRow{}, "id"), [][]any{{"ann"}, {"ANN"}})
		}
		for _, made := range []string{"CREATE TABLE later (number int)", "ALTER TABLE later ADD id " + fixture.FoldedType(s.DB, "text COLLATE NOCASE")} {
			if _, err := later(); database.Name == "sqlite" {
				require.Len(t, statement.FailedIn(err), 1, "what the database lacks can be told with the model: %v", err)
			} else {
				require.NoError(t, err, "the statement that needs the column says so")
			}
			fixture.Exec(t, s.DB, made)
		}
		texts, err := later()
		require.NoError(t, err)
		require.Equal(t, []string{"ann", "ann"}, texts)
	})
}

func TestASessionThatRehearsesAsksWhatIsTheSame(t *testing.T) {
	foldingEach(t, func(t *testing.T, _ *testdb.Database, s *foldingSession) {
		s.DB = s.DB.Session(&gorm.Session{DryRun: true})
		require.Equal(t, []string{"ann", "ann"}, s.texts(t, []string{"id"}, []any{"ann"}, []any{"ANN"}))
	})
}
