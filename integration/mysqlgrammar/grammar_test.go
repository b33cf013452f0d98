package mysqlgrammar

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func grammar(t *testing.T) *Grammar {
	t.Helper()
	g, err := New()
	require.NoError(t, err)
	return g
}

func TestWhatMySQLDoesNotReadIsTold(t *testing.T) {
	g := grammar(t)
	for _, statement := range []string{
		"",
		"SELECT 1 AS over",
		"SELECT * FROM `a` FOR NO KEY UPDATE",
		`SELECT "a" FROM "b" WHERE "c" = 1`,
		`SELECT 'a\' FROM b`,
		"SELECT a::text FROM b",
		"SELECT 1; SELECT 2",
		"UPDATE `a` SET b = 1 RETURNING `b`",
		"INSERT INTO `a` (b) VALUES (1) ON CONFLICT DO NOTHING",
		"INSERT INTO `a` (b) VALUES (1) RETURNING (SELECT 1)",
		"SET STATEMENT max_recursive_iterations = 10 FOR SELECT 1 AS over",
		"SET STATEMENT lock_wait_timeout = 10 FOR SELECT 1",
		"CREATE INDEX IF NOT EXISTS a ON b (c)",
		"CREATE INDEX a ON b (c) WHERE d IS NULL",
		"CREATE TABLE `a` (`b` bigint, c d e)",
		"CREATE TABLE `a` (`b` bigint) WITHOUT ROWID",
		"ALTER TABLE a ALTER COLUMN b TYPE text",
		"CREATE TRIGGER a AFTER INSERT ON b EXECUTE FUNCTION c()",
		"CREATE TRIGGER a AFTER INSERT ON b FOR EACH ROW INSERT INTO c SELECT 1 AS over",
		"CREATE TRIGGER a AFTER INSERT ON b FOR EACH ROW BEGIN INSERT INTO c VALUES (NEW.d); INSERT INTO; END",
		"SELECT 1 FROM a JOIN LATERAL (SELECT 1) ON",
	} {
		require.Error(t, g.Check(statement), statement)
	}
}

func TestWhatMySQLReadsIsNotTold(t *testing.T) {
	g := grammar(t)
	for _, statement := range []string{
		"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT sp", "ROLLBACK TO SAVEPOINT sp", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
		"SELECT * FROM `a` WHERE `b` IN (?,?) FOR UPDATE SKIP LOCKED", "SELECT * FROM `a` LOCK IN SHARE MODE",
		"INSERT INTO `a` (`b`) VALUES (?) ON DUPLICATE KEY UPDATE `b` = IF(`c` IS NULL, VALUES(`b`), `b`)",
		"WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a WHERE n < 9) SELECT n FROM a",
		"UPDATE `a` JOIN `b` ON a.id = b.id SET a.c = 1", "DELETE `a` FROM `a` JOIN `b` ON a.id = b.id",
		"SELECT a FROM JSON_TABLE(?, '$[*]' COLUMNS (a INT PATH '$.a')) AS x",
		"ALTER TABLE a ADD COLUMN live tinyint GENERATED ALWAYS AS (IF(deleted_at IS NULL,1,NULL)) VIRTUAL INVISIBLE, ALGORITHM=INSTANT",
		"ALTER TABLE a DROP KEY u, ADD UNIQUE KEY u (email, live), ALGORITHM=INPLACE, LOCK=NONE",
		"SELECT 'a'' RETURNING `b`'",
	} {
		require.NoError(t, g.Check(statement), statement)
	}
}

func TestEachDifferenceIsNeededAndLeavesTheRestToBeRead(t *testing.T) {
	for i, d := range differences {
		t.Run(d.why, func(t *testing.T) {
			g := grammar(t)
			require.NoError(t, g.Check(d.example))
			wrong := strings.Replace(d.example, "`", "`` ` ", 1) // which no name is
			if wrong == d.example {
				wrong = strings.Replace(d.example, "SELECT", "SELECT SELECT", 1)
			}
			require.Error(t, g.Check(wrong), wrong)
			g.differences = append(append([]difference{}, differences[:i]...), differences[i+1:]...)
			require.Error(t, g.Check(d.example), "it is read without")
		})
	}
}

func TestAListOfStatementsIsReadWhole(t *testing.T) {
	g := grammar(t)
	checked, wrong, err := g.CheckAll(strings.NewReader(`"SELECT 1"
"SELECT 'a\nb'"
"SELECT 1"
"SELECT 1 AS over"
"SELECT 2 FOR NO KEY UPDATE"`))
	require.NoError(t, err)
	require.Equal(t, 4, checked)
	require.Len(t, wrong, 2)
	require.ErrorContains(t, wrong[0], "SELECT 1 AS over")
	require.ErrorContains(t, wrong[0], "near 'over'")
	require.ErrorContains(t, wrong[1], "NO KEY")

	_, _, err = g.CheckAll(strings.NewReader("\"SELECT 1\"\nSELECT 2\n"))
	require.ErrorContains(t, err, "SELECT 2", "a line that is no statement is no reason to leave it out")
}
