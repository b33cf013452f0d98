package mysqlgrammar

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATemporaryTableThatAStatementOpensTwiceIsTold(t *testing.T) {
	for statement, twice := range map[string]bool{
		"SELECT 1 FROM a": false,
		"SELECT 1 FROM a, b WHERE b.c IN (SELECT c FROM d)":                                                           false,
		"SELECT 1 FROM a AS x JOIN a AS y ON x.n = y.n":                                                               true,
		"SELECT 1 FROM b WHERE n IN (SELECT n FROM a) AND m IN (SELECT m FROM a)":                                     true,
		"SELECT n FROM a UNION SELECT m FROM a":                                                                       true,
		"INSERT INTO a SELECT n FROM b":                                                                               false,
		"INSERT INTO a SELECT n FROM a":                                                                               true,
		"INSERT INTO a WITH RECURSIVE a (n) AS (SELECT 1 UNION SELECT b.n FROM b, a WHERE b.m = a.n) SELECT * FROM a": false,
		"WITH x AS (SELECT n FROM a) SELECT * FROM x":                                                                 false,
		"WITH x AS (SELECT n FROM a) SELECT * FROM x AS y, x AS z":                                                    true,
		"WITH x AS (SELECT n FROM a), y AS (SELECT n FROM x) SELECT * FROM y, a":                                      true,
		"WITH a AS (SELECT n FROM b) SELECT * FROM a AS y, a AS z":                                                    false,
		"UPDATE b, (SELECT 1 AS one) AS one SET n = 1 WHERE n IN (SELECT n FROM a)":                                   false,
		"UPDATE b SET n = (SELECT max(n) FROM a) WHERE n IN (SELECT n FROM a)":                                        true,
		"DELETE b FROM b, (SELECT 1 AS one) AS one WHERE n IN (SELECT n FROM a)":                                      false,
		"DELETE a FROM a, b WHERE a.n = b.n":                                                                          false,
		"SELECT (SELECT count(*) FROM b WHERE n IN (SELECT n FROM a)), (SELECT count(*) FROM a)":                      true,
	} {
		var list strings.Builder
		lines := json.NewEncoder(&list)
		require.NoError(t, lines.Encode("CREATE TEMPORARY TABLE `a` AS SELECT 1 AS n"))
		require.NoError(t, lines.Encode(statement))
		_, wrong, err := grammar(t).CheckAll(strings.NewReader(list.String()))
		require.NoError(t, err)
		if !twice {
			require.Empty(t, wrong, statement)
			continue
		}
		require.Len(t, wrong, 1, statement)
		require.ErrorContains(t, wrong[0], "the temporary table a is opened 2 times")
	}
}
