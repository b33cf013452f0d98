package mysqlgrammar

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// They are about the temporary table a.
var (
	openOnce = []string{
		"SELECT 1 FROM a",
		"SELECT 1 FROM a, b WHERE b.c IN (SELECT c FROM d)",
		"INSERT INTO a SELECT n FROM b",
		"INSERT INTO a WITH RECURSIVE a (n) AS (SELECT 1 UNION SELECT b.n FROM b, a WHERE b.m = a.n) SELECT * FROM a",
		"WITH x AS (SELECT n FROM a) SELECT * FROM x",
		"WITH a AS (SELECT n FROM b) SELECT * FROM a AS y, a AS z",
		"UPDATE b, (SELECT 1 AS one) AS one SET n = 1 WHERE n IN (SELECT n FROM a)",
		"DELETE b FROM b, (SELECT 1 AS one) AS one WHERE n IN (SELECT n FROM a)",
		"DELETE a FROM a, b WHERE a.n = b.n",
	}
	openTwice = []string{
		"SELECT 1 FROM a AS x JOIN a AS y ON x.n = y.n",
		"SELECT 1 FROM b WHERE n IN (SELECT n FROM a) AND m IN (SELECT m FROM a)",
		"SELECT n FROM a UNION SELECT m FROM a",
		"INSERT INTO a SELECT n FROM a",
		"WITH x AS (SELECT n FROM a) SELECT * FROM x AS y, x AS z",
		"WITH x AS (SELECT n FROM a), y AS (SELECT n FROM x) SELECT * FROM y, a",
		"UPDATE b SET n = (SELECT max(n) FROM a) WHERE n IN (SELECT n FROM a)",
		"SELECT (SELECT count(*) FROM b WHERE n IN (SELECT n FROM a)), (SELECT count(*) FROM a)",
	}
)

func TestATemporaryTableThatAStatementOpensTwiceIsTold(t *testing.T) {
	wrong := func(statement string) []error {
		var list strings.Builder
		lines := json.NewEncoder(&list)
		require.NoError(t, lines.Encode("CREATE TEMPORARY TABLE `a` AS SELECT 1 AS n"))
		require.NoError(t, lines.Encode(statement))
		_, wrong, err := grammar(t).CheckAll(strings.NewReader(list.String()))
		require.NoError(t, err)
		return wrong
	}
	for _, statement := range openOnce {
		require.Empty(t, wrong(statement), statement)
	}
	for _, statement := range openTwice {
		require.Len(t, wrong(statement), 1, statement)
		require.ErrorContains(t, wrong(statement)[0], "the temporary table a is opened 2 times")
	}
}
