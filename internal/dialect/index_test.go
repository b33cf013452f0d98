package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAConditionIsRecognisedInTheDatabasesForm(t *testing.T) {
	for written, told := range map[string]string{
		`"deleted_at" IS NULL`:                             `(deleted_at IS NULL)`,
		`("status" <> 'it''s (GONE)' OR "status" IS NULL)`: `(((status)::text <> 'it''s (GONE)'::text) OR (status IS NULL))`,
		`"status" <> -1`:                                   `(status <> '-1'::integer)`,
		`"status" <> 'a'`:                                  `(status <> 'a'::public."My Status")`,
		`"kind" = 'b'`:                                     `(kind = 'b'::bpchar)`,
		`"name" <> 'c'`:                                    `((name)::character varying(20) <> 'c'::character varying)`,
	} {
		require.True(t, (&Index{Where: told}).Covers(written), told)
	}
	require.False(t, (&Index{Where: "(status <> 'A'::text)"}).Covers(`status <> 'a'`), "texts keep their case")
	require.False(t, (&Index{}).Covers("deleted_at IS NULL"))
}

func TestTheConditionOfAnIndexIsFoundInItsStatement(t *testing.T) {
	for statement, where := range map[string]string{
		"CREATE UNIQUE INDEX `a` ON `t`(`where x`) WHERE `b` IS NULL": "`b` IS NULL",
		"CREATE INDEX a ON t(\"nowhere\")\nwhere(b > 0)":              "(b > 0)",
		"CREATE INDEX a ON t([ where ], somewhere)":                   "",
		"CREATE INDEX a ON t(b) WHERE c = ' WHERE '":                  "c = ' WHERE '",
	} {
		require.Equal(t, where, condition(statement), statement)
	}
}

func TestTheConditionOfAnIndexOverLiveRowsIsReadFromItsColumn(t *testing.T) {
	for told, where := range map[string]string{
		"if(`deleted_at` is null,1,NULL)":                                                       "deleted_at IS NULL", // MariaDB
		"if((`deleted_at` is null),1,NULL)":                                                     "deleted_at IS NULL", // MySQL
		"if(`s` <> 'it\\'s (GONE)' or `s` is null,1,NULL)":                                      "s <> 'it''s (GONE)' OR s IS NULL",
		`if(((` + "`s`" + ` <> _utf8mb4\'it\\\'s (GONE)\') or (` + "`s`" + ` is null)),1,NULL)`: "s <> 'it''s (GONE)' OR s IS NULL",
	} {
		require.True(t, (&Index{Where: liveCondition(told)}).Covers(where), "%s: %s", told, liveCondition(told))
	}
	require.Empty(t, liveCondition("`a` + 1"))
}
