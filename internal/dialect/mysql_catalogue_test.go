package dialect_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// liveColumn is the column of a table that has indexes over live rows only.
const liveColumn = "softdelete_live tinyint GENERATED ALWAYS AS (IF(%s, 1, NULL)) VIRTUAL INVISIBLE"

func table(name string) dialect.Table { return dialect.Table{Name: name, Quoted: "`" + name + "`"} }

func TestColumnsOfMySQL(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, Name varchar(40), n int GENERATED ALWAYS AS (id + 1) VIRTUAL, "+
		"secret int INVISIBLE, deleted_at datetime(3), "+fmt.Sprintf(liveColumn, "deleted_at IS NULL")+")")
	columns, err := d.Columns(db, table("t"))
	require.NoError(t, err)
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{"id", "Name", "n", "secret", "deleted_at"}, names, "the plugin's own is left out")
	require.True(t, d.FindColumn(columns, "id").Keyed)
	require.Regexp(t, `^bigint(\(20\))? unsigned$`, columns[0].Type)
	require.Equal(t, "datetime(3)", columns[4].Type)
	require.NotNil(t, d.FindColumn(columns, "NAME"))
	require.True(t, columns[2].Generated)
	require.False(t, columns[1].Generated)
	require.True(t, columns[3].Hidden)
	none, err := d.Columns(db, table("absent"))
	require.NoError(t, err)
	require.Empty(t, none)
	other := "testdb_other." + "t"
	none, err = d.Columns(db, dialect.Table{Name: other})
	require.NoError(t, err)
	require.Empty(t, none)
	for _, condition := range []string{"Name, secret", "Name"} {
		open, shut := d.CompareColumns()
		err := db.Exec("SELECT 1 FROM t WHERE (1 = 1 OR EXISTS (" + open + "SELECT * FROM t UNION ALL SELECT " + condition + " FROM t" + shut + "))").Error
		require.True(t, d.OtherColumns(err), condition)
	}
	open, shut := d.CompareColumns()
	require.NoError(t, db.Exec("SELECT 1 FROM t WHERE (1 = 1 OR EXISTS ("+open+"SELECT * FROM t UNION ALL SELECT id, Name, n, deleted_at FROM t"+shut+"))").Error)
}

func TestTypesOfMySQLThatHoldOthers(t *testing.T) {
	for _, c := range []struct {
		kind, other string
		holds, back bool
	}{
		{"bigint(20)", "bigint", true, true},
		{"bigint", "int(11)", true, false},
		{"bigint", "int unsigned", true, false},
		{"bigint unsigned", "int", false, false},
		{"tinyint(1)", "boolean", true, true},
		{"int", "tinyint(1)", true, false},
		{"varchar(40)", "varchar(20)", true, false},
		{"longtext", "varchar(20)", true, false},
		{"text", "mediumtext", false, true},
		{"tinytext", "varchar(64)", false, false},
		{"varchar(36)", "char(36)", true, false},
		{"char(9)", "char(5)", false, false},
		{"varbinary(20)", "binary(16)", true, false},
		{"longblob", "varbinary(20)", true, false},
		{"blob", "text", false, false},
		{"decimal(10,4)", "decimal(8, 2)", true, false},
		{"decimal(10,4)", "decimal(10,2)", false, false},
		{"decimal", "decimal(10,0)", true, true},
		{"double", "float", true, false},
		{"real", "double", true, true},
		{"datetime(6)", "datetime(3) NULL", true, false},
		{"datetime", "timestamp", false, false},
		{"timestamp(3)", "timestamp", true, false},
		{"enum('a','b')", "enum('a','b')", true, true},
		{"enum('a','b')", "enum('a')", false, false},
		{"json", "json", true, true},
		{"longtext", "int", false, false},
		{"date", "date", true, true},
	} {
		require.Equal(t, c.holds, dialect.MySQL.Holds(c.kind, c.other), "%s, %s", c.kind, c.other)
		require.Equal(t, c.back, dialect.MySQL.Holds(c.other, c.kind), "%s, %s", c.other, c.kind)
	}
	require.True(t, dialect.MySQL.Widens("longtext", "int"))
	require.False(t, dialect.MySQL.Widens("varchar(2)", "int"))
}

func TestValuesOfMySQLThatAnotherTypeChanges(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (n bigint, s varchar(20), at datetime(6), d decimal(10,4))")
	fixture.Exec(t, db, "INSERT INTO t VALUES (300, 'abcdef', '2026-01-02 03:04:05.678900', 1.2345)")
	for change, rows := range map[[2]string]int{
		{"s", "varchar(5)"}: 1, {"s", "varchar(6)"}: 0, {"at", "datetime(3)"}: 1, {"at", "datetime(4)"}: 0, {"d", "decimal(10,2)"}: 1, {"d", "decimal(12,4)"}: 0,
		{"n", "bigint(20)"}: 0, {"s", "int"}: 1, {"n", "varchar(2)"}: 1, {"n", "longtext"}: 0, {"s", "datetime"}: 1, {"d", "int"}: 1,
	} {
		require.Equal(t, rows, holds(t, db, "t", d.Changes(change[0], change[1])), change)
	}
}

func TestIndexesOfMySQL(t *testing.T) {
	db, d := openMySQL(t)
	for _, live := range []string{
		"deleted_at IS NULL", "status <> 'it''s (GONE)' OR status IS NULL", "gone = 0 OR gone IS NULL", "gone IS NOT TRUE", "status <> 'removed' AND deleted_at IS NULL",
	} {
		fixture.Exec(t, db, "DROP TABLE IF EXISTS t")
		fixture.Exec(t, db, "CREATE TABLE t (id int PRIMARY KEY, email varchar(50), tenant int, status varchar(20), gone tinyint, deleted_at datetime(3), "+
			fmt.Sprintf(liveColumn, live)+", UNIQUE KEY narrowed (email, tenant, softdelete_live), UNIQUE KEY full (status), KEY plain (deleted_at, gone), UNIQUE KEY begun (email(5)))")
		indexes, err := d.Indexes(db, table("t"))
		require.NoError(t, err)
		require.Len(t, indexes, 5)
		narrowed, err := d.FindIndex(db, table("t"), "narrowed")
		require.NoError(t, err)
		require.True(t, narrowed.Unique)
		require.Equal(t, []string{"email", "tenant"}, narrowed.Columns())
		require.True(t, narrowed.Covers(live), "%s: %s", live, narrowed.Where)
		require.False(t, narrowed.Covers("deleted_at IS NOT NULL"))
		full, err := d.FindIndex(db, table("t"), "full")
		require.NoError(t, err)
		require.Equal(t, dialect.Index{Name: "full", Unique: true, Listed: "status"}, *full)
		plain, err := d.FindIndex(db, table("t"), "plain")
		require.NoError(t, err)
		require.False(t, plain.Unique)
		require.Equal(t, []string{"deleted_at", "gone"}, plain.Columns())
		primary, err := d.FindIndex(db, table("t"), "PRIMARY")
		require.NoError(t, err)
		require.True(t, primary.Primary)
		begun, err := d.FindIndex(db, table("t"), "begun")
		require.NoError(t, err)
		require.Equal(t, []string{""}, begun.Columns(), "the beginning of a column is an expression")
		absent, err := d.FindIndex(db, table("t"), "absent")
		require.NoError(t, err)
		require.Nil(t, absent)

		exclusives, err := d.Exclusives(db, table("t"))
		require.NoError(t, err)
		require.Len(t, exclusives, 4)
		for _, e := range exclusives {
			require.True(t, e.Strict, e.Name)
			require.Equal(t, e.Name == "PRIMARY", e.Primary)
			parts := make([]string, len(e.Parts))
			for i, part := range e.Parts {
				parts[i] = part.Text
			}
			condition := "TRUE"
			if e.Where != "" {
				condition = e.Where
			}
			require.Equal(t, e.Name == "narrowed", e.Where != "")
			require.Equal(t, e.Name != "begun", e.Plain())
			require.NoError(t, db.Exec("SELECT "+strings.Join(parts, ", ")+" FROM t WHERE "+condition).Error)
		}
		owner, err := d.IndexOwner(db, table("other"), "narrowed")
		require.NoError(t, err)
		require.Empty(t, owner)
	}
}

func TestKeysBetweenTablesOfMySQL(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE parents (a int, b int, PRIMARY KEY (b, a))",
		"CREATE TABLE children (id int PRIMARY KEY, pa int, pb int, self int, CONSTRAINT to_parent FOREIGN KEY (pb, pa) REFERENCES parents (b, a) ON DELETE CASCADE, "+
			"CONSTRAINT to_self FOREIGN KEY (self) REFERENCES children (id) ON DELETE SET NULL)",
		"CREATE TABLE others (id int PRIMARY KEY, child int, CONSTRAINT to_child FOREIGN KEY (child) REFERENCES children (id))")
	database := value(t, db, "DATABASE()")
	for _, name := range []string{"parents", database + ".parents"} {
		to, err := d.ReferencesTo(db, name)
		require.NoError(t, err)
		require.Equal(t, []dialect.Reference{{Table: "children", Columns: []string{"pb", "pa"}, Parents: []string{"b", "a"}, Name: "to_parent", OnDelete: dialect.Removes}}, to)
		key, err := d.PrimaryKey(db, name)
		require.NoError(t, err)
		require.Equal(t, []string{"b", "a"}, key)
		same, err := d.SameName(db, name)
		require.NoError(t, err)
		require.Equal(t, "parents", same)
	}
	to, err := d.ReferencesTo(db, "children")
	require.NoError(t, err)
	require.Equal(t, []dialect.Reference{
		{Table: "children", Columns: []string{"self"}, Parents: []string{"id"}, Name: "to_self", OnDelete: dialect.Unlinks},
		{Table: "others", Columns: []string{"child"}, Parents: []string{"id"}, Name: "to_child"},
	}, to)
	from, err := d.ReferencesFrom(db, "children")
	require.NoError(t, err)
	require.Len(t, from, 2)
	require.Equal(t, "children", from[0].Table)
	require.Equal(t, "parents", from[1].Table)
	same, err := d.OneTable(db, "parents", database+".parents")
	require.NoError(t, err)
	require.True(t, same)
	require.NoError(t, db.Connection(func(db *gorm.DB) error {
		for _, on := range []bool{false, true} {
			require.NoError(t, db.Exec("SET foreign_key_checks = ?", on).Error)
			enforced, err := d.EnforcesReferences(db)
			require.NoError(t, err)
			require.Equal(t, on, enforced)
		}
		return nil
	}))
	hidden, err := d.HidesRows(db)
	require.NoError(t, err)
	require.False(t, hidden)
	_, ok, err := d.Extent(db, "parents")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestRowsOfMySQLAreNumberedInAnOrder(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (name varchar(20))", "INSERT INTO t VALUES ('b'), ('c'), ('a')")
	can, err := d.CanNumber(db, table("t"))
	require.NoError(t, err)
	require.True(t, can)
	require.NoError(t, db.Connection(func(db *gorm.DB) error { return d.AddNumbered(db, table("t"), "number", "name DESC") }))
	fixture.Exec(t, db, "DELETE FROM t WHERE name = 'a'", "INSERT INTO t (name) VALUES ('d')")
	var names []string
	require.NoError(t, db.Raw("SELECT CONCAT(name, number) FROM t ORDER BY number").Scan(&names).Error)
	require.Equal(t, []string{"c1", "b2", "d4"}, names)
	fixture.Exec(t, db, "CREATE TABLE n (number "+d.Numbered()+", name varchar(20))", "INSERT INTO n (name) VALUES ('x'), ('y')")
	require.Equal(t, 1, holds(t, db, "n", "number = 2 AND name = 'y'"))
	fixture.Exec(t, db, "CREATE TABLE parted (id int) PARTITION BY HASH (id) PARTITIONS 2")
	can, err = d.CanNumber(db, table("parted"))
	require.NoError(t, err)
	require.False(t, can)
}

func TestTextsThatAColumnOfMySQLTakesForTheSame(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (n int, folds varchar(20) COLLATE utf8mb4_general_ci, unicode varchar(20), exact varchar(20) COLLATE utf8mb4_bin, bytes varbinary(20), nopad varchar(20) COLLATE utf8mb4_nopad_bin)")
	found, err := d.Collations(db, table("t"), []string{"n", "folds", "exact", "bytes", "nopad", "absent"})
	require.NoError(t, err)
	require.Equal(t, map[string]dialect.Collation{
		"n": {}, "bytes": {}, "folds": {Name: "utf8mb4_general_ci", Folds: true}, "exact": {Name: "utf8mb4_bin", Folds: true}, "nopad": {Name: "utf8mb4_nopad_bin"},
	}, found)
	texts := []string{"a", "b", "A", "ä", "b ", "c"}
	for column, same := range map[string]map[int]int{"folds": {2: 0, 3: 0, 4: 1}, "unicode": {2: 0, 3: 0, 4: 1}, "exact": {4: 1}, "nopad": {}} {
		list, ok := d.SameTexts(texts, dialect.ListColumn{Table: "t", Name: column})
		require.True(t, ok)
		rows, err := db.Raw(strings.Join(list.Text, "?"), list.Values...).Rows()
		require.NoError(t, err)
		told := map[int]int{}
		for rows.Next() {
			var later, first int
			require.NoError(t, rows.Scan(&later, &first))
			told[later] = first
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
		require.Equal(t, same, told, column)
		collations, err := d.Collations(db, dialect.Table{Name: "t"}, []string{column})
		require.NoError(t, err)
		alike, ok := d.AlikeTexts("(SELECT 'B' COLLATE utf8mb4_bin)", texts, dialect.ListColumn{Table: "t", Name: column}, collations[column])
		require.True(t, ok)
		require.Equal(t, map[string]string{"folds": "1", "unicode": "1", "exact": "0", "nopad": "0"}[column], value(t, db, strings.Join(alike.Text, "?"), alike.Values...))
	}
}

func TestRandomValuesAndTimesOfMasksOnMySQL(t *testing.T) {
	db, d := openMySQL(t)
	require.Regexp(t, `^[0-9a-f]{32}$`, value(t, db, d.RandomDigits()))
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$`, value(t, db, d.RandomUUID()))
	fixture.Exec(t, db, "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, digits varchar(32), n bigint, at datetime(3), day date, stamp timestamp NULL)")
	for range 50 {
		fixture.Exec(t, db, "INSERT INTO t (at, day, stamp) VALUES ('2026-11-30 12:13:14.567', '2026-11-30', '2026-11-30 12:13:14')")
	}
	require.NoError(t, db.Exec("UPDATE t SET digits = "+d.RandomDigits()+", n = "+d.RandomInteger(31)).Error)
	require.Equal(t, "50", value(t, db, "(SELECT count(DISTINCT digits) FROM t)"))
	require.Equal(t, 50, holds(t, db, "t", "n BETWEEN 0 AND 2147483647"))
	require.NotEqual(t, "1", value(t, db, "(SELECT count(DISTINCT n) FROM t)"))
	require.NoError(t, db.Exec("UPDATE t SET n = "+d.RandomInteger(63)).Error)
	require.Equal(t, 50, holds(t, db, "t", "n >= 0"))
	for column, kind := range map[string]string{"at": "datetime(3)", "day": "date", "stamp": "timestamp"} {
		require.Equal(t, 50, holds(t, db, "t", column+" > ("+d.TruncateTime(column, kind, "month")+")"), column)
		require.NoError(t, db.Exec("UPDATE t SET "+column+" = "+d.TruncateTime(column, kind, "month")).Error)
		require.Equal(t, 50, holds(t, db, "t", column+" = '2026-11-01 00:00:00'"), column)
		require.NoError(t, db.Exec("UPDATE t SET "+column+" = "+d.TruncateTime(column, kind, "year")).Error)
		require.Equal(t, 50, holds(t, db, "t", column+" = '2026-01-01 00:00:00'"), column)
	}
	remnants, err := d.Remnants(db)
	require.NoError(t, err)
	require.Contains(t, remnants, "undo and redo logs")
}

func TestViolationsOnMySQLAreNamedWithoutValues(t *testing.T) {
	db, d := openMySQL(t)
	const secret = "for key 'secret'"
	fixture.Exec(t, db, "CREATE TABLE parents (id int PRIMARY KEY)", "INSERT INTO parents VALUES (1)",
		"CREATE TABLE t (id int PRIMARY KEY, s varchar(30) NOT NULL, n int, at datetime, parent int, UNIQUE KEY one_s (s), CONSTRAINT small CHECK (n < 10), "+
			"CONSTRAINT to_parent FOREIGN KEY (parent) REFERENCES parents (id))",
		"INSERT INTO t (id, s, parent) VALUES (1, 'for key ''secret''', 1)")
	run := func(statement string, values ...any) error {
		err := db.Exec(statement, values...).Error
		require.Error(t, err, statement)
		return fmt.Errorf("around: %w", errors.Join(errors.New("beside"), err))
	}
	for _, c := range []struct {
		err    error
		want   dialect.Violation
		misfit bool
	}{
		{run("INSERT INTO t (id, s) VALUES (2, ?)", secret), dialect.Violation{Kind: dialect.UniqueIndex, Name: "one_s"}, false},
		{run("INSERT INTO t (id, s) VALUES (1, 'other')"), dialect.Violation{Kind: dialect.UniqueIndex, Name: "PRIMARY"}, false},
		{run("INSERT INTO t (id, s, parent) VALUES (2, 'x', 9)"), dialect.Violation{Kind: dialect.ForeignKey, Name: "to_parent"}, false},
		{run("DELETE FROM parents"), dialect.Violation{Kind: dialect.ForeignKey, Name: "to_parent"}, false},
		{run("INSERT INTO t (id, s) VALUES (2, NULL)"), dialect.Violation{Kind: dialect.NotNull, Column: "s"}, true},
		{run("INSERT INTO t (id) VALUES (2)"), dialect.Violation{Kind: dialect.NotNull, Column: "s"}, false},
		{run("INSERT INTO t (id, s, n) VALUES (2, 'x', 11)"), dialect.Violation{Kind: dialect.CheckConstraint, Name: "small"}, true},
		{run("INSERT INTO t (id, s, n) VALUES (2, 'x', ?)", secret), dialect.Violation{}, true},
		{run("INSERT INTO t (id, s, at) VALUES (2, 'x', ?)", secret), dialect.Violation{}, true},
		{run("INSERT INTO t (id, s) VALUES (2, ?)", strings.Repeat(secret, 3)), dialect.Violation{}, true},
		{run("INSERT INTO t (id, s, n) VALUES (2, 'x', ?)", int64(1)<<40), dialect.Violation{}, true},
	} {
		require.Equal(t, c.want, d.Violation(c.err), c.err)
		require.Equal(t, c.misfit, d.Misfit(c.err), c.err)
		code, bare := d.WithoutRows(c.err)
		require.Regexp(t, `^error \d+ \(SQLSTATE [0-9A-Z]{5}\)$`, code)
		require.NotContains(t, bare.Error(), "secret")
		require.Equal(t, dialect.Violation{Kind: c.want.Kind}, d.Violation(bare))
		require.Equal(t, dialect.MissingNothing, d.Missing(c.err))
		require.False(t, d.OtherColumns(c.err))
		require.False(t, d.Aborted(c.err))
	}
	require.Equal(t, "integer", d.OtherType(run("INSERT INTO t (id, s, n) VALUES (2, 'x', ?)", secret)))
	require.Equal(t, dialect.MissingTable, d.Missing(run("SELECT * FROM absent")))
	require.Equal(t, dialect.MissingColumn, d.Missing(run("SELECT absent FROM t")))
	require.True(t, d.OtherColumns(run("INSERT INTO t (id, s) SELECT id FROM parents")))
	other := errors.New("Error 1062 (23000): none of the server's")
	code, bare := d.WithoutRows(other)
	require.Empty(t, code)
	require.Same(t, other, bare)
	require.Equal(t, dialect.Violation{}, d.Violation(other))
}

func TestMySQLLocksNumbersByRows(t *testing.T) {
	require.False(t, dialect.MySQL.Has(dialect.AdvisoryLocks))
	require.True(t, dialect.MySQL.Has(dialect.LockTable|dialect.SessionLocks))
	require.False(t, dialect.MySQL.Has(dialect.WritesInWith))
	for _, d := range []*dialect.Dialect{dialect.MySQL, dialect.MariaDB} { // which write the same, so that what runs on one is right on the other
		require.False(t, d.Has(dialect.WithBeforeWrite))
		require.False(t, d.Has(dialect.TemporaryTwice))
	}
	require.True(t, dialect.MySQL.Has(dialect.RowLocks|dialect.AlterInPlace|dialect.CompoundRecursion))
}
