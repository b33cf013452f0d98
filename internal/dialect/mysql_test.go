package dialect_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// openMySQL opens a database of the test's own, whose collation is not that of the connection, and gives the dialect for its server.
func openMySQL(t *testing.T) (*gorm.DB, *dialect.Dialect) {
	t.Helper()
	db := testdb.MySQL(t).Open(t)
	fixture.Exec(t, db, "ALTER DATABASE COLLATE utf8mb4_unicode_ci")
	var version string
	require.NoError(t, db.Raw(dialect.MySQL.AsksServer()).Scan(&version).Error)
	d := dialect.MySQL.Variant(version)
	_, err := d.ReadServer(version)
	require.NoError(t, err)
	return db, d
}

// value gives what an expression is, as text.
func value(t *testing.T, db *gorm.DB, expression string, values ...any) (text string) {
	t.Helper()
	require.NoError(t, db.Raw("SELECT "+expression, values...).Row().Scan(&text), expression)
	return text
}

// holds tells how many rows of a table a condition is true for.
func holds(t *testing.T, db *gorm.DB, table, condition string, values ...any) (rows int) {
	t.Helper()
	require.NoError(t, db.Raw("SELECT count(*) FROM "+table+" WHERE "+condition, values...).Scan(&rows).Error, condition)
	return rows
}

func TestVariantsOfMySQLAreToldApartByTheirVersion(t *testing.T) {
	for text, want := range map[string]*dialect.Dialect{
		"10.11.19-MariaDB-0+deb12u1":         dialect.MariaDB,
		"5.5.5-10.6.16-MariaDB-log":          dialect.MariaDB,
		"11.8.2-MariaDB-ubu2404":             dialect.MariaDB,
		"8.0.36":                             dialect.MySQL,
		"8.0.23-0ubuntu0.20.04.1":            dialect.MySQL,
		"8.4.3-3 Percona Server (GPL)":       dialect.MySQL,
		"9.1.0":                              dialect.MySQL,
		"8.0.39-google":                      dialect.MySQL,
		"8.0.mysql_aurora.3.08.0":            nil,
		"8.0.11-TiDB-v8.5.0":                 nil,
		"8.0.22":                             nil,
		"5.7.44":                             nil,
		"10.5.25-MariaDB":                    nil,
		"8.0.30-Vitess":                      nil,
		"":                                   nil,
		"5.7.25-OceanBase_CE-v4.3.5.0":       nil,
		"5.7.32 SingleStoreDB source dist":   nil,
		"8.0.31 (StarRocks 3.3.0)":           nil,
		"not a version at all, only a text.": nil,
	} {
		d := dialect.MySQL.Variant(text)
		_, err := d.ReadServer(text)
		if want == nil {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Same(t, want, d, text)
	}
	_, err := dialect.MySQL.ReadServer("8.0.22")
	require.EqualError(t, err, "the server is MySQL 8.0.22; softdelete needs MySQL 8.0.23 or later: upgrade it")
	_, err = dialect.MySQL.ReadServer("10.5.25-MariaDB")
	require.ErrorContains(t, err, "the server is MariaDB")
	_, err = dialect.MySQL.ReadServer("8.0.11-TiDB-v8.5.0")
	require.ErrorContains(t, err, "the server is TiDB, neither MySQL nor MariaDB")
}

func TestMySQLIsKnownByGORMsName(t *testing.T) {
	d, err := dialect.Of(mysql.Open(""))
	require.NoError(t, err)
	require.Same(t, dialect.MySQL, d)
}

func TestTextsOfMySQLDoNotDependOnTheSession(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (id int PRIMARY KEY, latin varchar(20) COLLATE utf8mb4_general_ci, uni varchar(20), exact varchar(20) COLLATE utf8mb4_bin)")
	fixture.Exec(t, db, "INSERT INTO t VALUES (7, '7', '7', '7')")
	require.NoError(t, db.Connection(func(db *gorm.DB) error {
		for _, mode := range []string{"@@GLOBAL.sql_mode", "'NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'", "'ANSI_QUOTES,STRICT_TRANS_TABLES'"} {
			for _, names := range []string{"SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci", "SET NAMES utf8mb4 COLLATE utf8mb4_bin", "SET NAMES latin1", "SET NAMES utf8mb4"} {
				fixture.Exec(t, db, "SET sql_mode = "+mode)
				fixture.Exec(t, db, names)
				for _, text := range []string{`it's`, `a\b`, `\`, `\'`, `"`, `100%`, "`", `a\`, "", `\x00ff`} {
					require.Equal(t, text, value(t, db, d.String(text)), mode)
					require.Equal(t, text+",7,"+text, value(t, db, "(SELECT "+d.Concat(d.String(text), "','", d.Text("id"), "','", d.String(text))+" FROM t)"), mode)
				}
				for _, column := range []string{"latin", "uni", "exact"} {
					require.Equal(t, 1, holds(t, db, "t", column+" = "+d.Text("id")), "the text of a number is compared by the collation of a column")
					require.Equal(t, 1, holds(t, db, "t", column+" = "+d.KeySQL([]dialect.KeyColumn{{Kind: dialect.KeyWhole}}, []string{"id"})))
					require.Equal(t, 1, holds(t, db, "t", column+" = "+d.KeySQL([]dialect.KeyColumn{{Kind: dialect.KeyText}}, []string{"uni"})))
				}
			}
		}
		return nil
	}))
}

func TestExpressionsOfMySQL(t *testing.T) {
	db, d := openMySQL(t)
	require.Equal(t, "3", value(t, db, d.Length("'äöü'")))
	require.Equal(t, "0000000000000000042", value(t, db, d.Padded("42")))
	require.Equal(t, "1767225600123456789", value(t, db, d.LeadingNanoseconds("'1767225600123456789-1-2'")))
	require.Equal(t, "-5", value(t, db, d.Integer("'-5'")))
	require.Equal(t, "2", value(t, db, d.Instant("c", "2999999999", dialect.Integer, time.Second)), "a fraction is cut")
	open, shut := d.Typed(false)
	require.Equal(t, "x", value(t, db, open+"?"+shut, "x"))
	open, shut = d.Typed(true)
	require.Equal(t, "1", value(t, db, open+"?"+shut+" = TIMESTAMP'2026-01-02 03:04:05.678901'", time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)))
	for kind, want := range map[string]string{
		"varchar(3)": "abc", "char(2)": "ab", "longtext": "abcd",
	} {
		open, shut := d.OfType(kind)
		require.Equal(t, want, value(t, db, open+"'abcd'"+shut), kind)
	}
	for kind, want := range map[string]string{
		"int(11) unsigned": "12", "bigint": "12", "decimal(10, 2)": "12.35", "double": "12.3456", "datetime(3) NULL": "", "tinyint(1)": "12",
	} {
		open, shut := d.OfType(kind)
		if want == "" {
			require.Equal(t, "2026-01-02 03:04:05.678", value(t, db, "CONCAT("+open+"'2026-01-02 03:04:05.678'"+shut+", '')"))
			continue
		}
		require.Equal(t, want, value(t, db, open+"12.3456"+shut), kind)
	}
}

func TestInstantsOfMySQLAreExactInEveryColumn(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (at0 datetime, at3 datetime(3), at6 datetime(6), stamp0 timestamp NULL, stamp6 timestamp(6) NULL)")
	at := time.Date(2026, 11, 30, 23, 59, 59, 999999000, time.UTC)
	for column, kept := range map[string]time.Duration{
		"at0": time.Second, "at3": time.Millisecond, "at6": time.Microsecond, "stamp0": time.Second, "stamp6": time.Microsecond,
	} {
		fixture.Exec(t, db, "DELETE FROM t")
		at := at.Truncate(kept)
		require.NoError(t, db.Exec("INSERT INTO t ("+column+") VALUES (?), (NULL)", at).Error)
		count := fmt.Sprint(at.UnixNano())
		require.Equal(t, count, value(t, db, "(SELECT max("+d.Nanoseconds(column, dialect.Native, 0)+") FROM t)"), column)
		require.Equal(t, 1, holds(t, db, "t", column+" = "+d.Instant(column, count, dialect.Native, 0)), column)
		require.Equal(t, 1, holds(t, db, "t", d.NotAfter(column, at)), column)
		require.Equal(t, 1, holds(t, db, "t", d.NotBefore(column, at)), column)
		require.Equal(t, 0, holds(t, db, "t", d.NotAfter(column, at.Add(-1))), column)
		require.Equal(t, 0, holds(t, db, "t", d.NotBefore(column, at.Add(1))), column)
		require.Equal(t, 1, holds(t, db, "t", d.Within(column, at, at, false)), column)
		require.Equal(t, 1, holds(t, db, "t", d.IsTime(column, time.Unix(1, 0))), column)
		require.NoError(t, db.Exec("UPDATE t SET "+column+" = "+d.Instant(column, count, dialect.Native, 0)+" WHERE "+column+" IS NULL").Error)
		require.Equal(t, 2, holds(t, db, "t", d.Within(column, at, at, false)), column)
	}
	early := time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)
	fixture.Exec(t, db, "DELETE FROM t")
	require.NoError(t, db.Exec("INSERT INTO t (at6) VALUES (?)", early).Error)
	require.Equal(t, 1, holds(t, db, "t", d.NotBefore("at6", early)))
	require.Equal(t, 0, holds(t, db, "t", d.IsTime("at6", time.Unix(0, 0))))
	require.Equal(t, sql.LevelReadCommitted, d.TxOptions().Isolation)
}

func TestRowsThatAreThereAlreadyOnMySQL(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (id int PRIMARY KEY, a int, b int)")
	fixture.Exec(t, db, "INSERT INTO t (id, a, b) VALUES (1, 1, 1)")
	fixture.Exec(t, db, "INSERT INTO t (id, a, b) VALUES (1, 2, 2), (2, 2, 2)"+d.KeepPresent("`id`"))
	require.Equal(t, 1, holds(t, db, "t", "id = 1 AND a = 1"))
	fixture.Exec(t, db, "INSERT INTO t (id, a, b) VALUES (1, 3, 3), (3, 3, 3)"+d.ReplacePresent([]string{"`id`"}, []string{"`a`", "`b`"}))
	require.Equal(t, 2, holds(t, db, "t", "a = 3 AND b = 3"))
	require.Equal(t, 3, holds(t, db, "t", "TRUE"))
}

func TestLocksOfMySQLAreUnderstood(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (id int PRIMARY KEY)")
	fixture.Exec(t, db, "INSERT INTO t VALUES (1), (2)")
	holder := db.Begin(d.TxOptions())
	defer holder.Rollback()
	require.NoError(t, holder.Exec("SELECT id FROM t WHERE id = 1"+d.LockRows(dialect.MarkLock)).Error)
	for lock, rows := range map[dialect.Lock]int{dialect.FreeLock: 1, dialect.NoLock: 2} {
		var ids []int
		require.NoError(t, db.Raw("SELECT id FROM t"+d.LockRows(lock)).Scan(&ids).Error)
		require.Len(t, ids, rows)
	}
	for _, lock := range []dialect.Lock{dialect.ShareLock, dialect.MarkLock, dialect.SoleLock} {
		require.True(t, d.Locks("SELECT 1"+d.LockRows(lock)))
		require.NoError(t, db.Exec("SELECT id FROM t WHERE id = 2"+d.LockRows(lock)).Error)
	}
}

func TestATemporaryTableOfMySQLLeavesTheTransactionOpen(t *testing.T) {
	db, d := openMySQL(t)
	fixture.Exec(t, db, "CREATE TABLE t (id int PRIMARY KEY)")
	tx := db.Begin()
	fixture.Exec(t, tx, "INSERT INTO t VALUES (1)")
	create, further := d.TemporaryTable("`w`", "`w_rows`", "node", "`k0`")
	require.Empty(t, further)
	fixture.Exec(t, tx, create+"WITH none (node, k0) AS (SELECT 0, id FROM t WHERE 1 = 0) SELECT * FROM none")
	fixture.Exec(t, tx, "INSERT INTO w SELECT 0, id FROM t")
	require.Equal(t, 1, holds(t, tx, "w", "k0 = 1"))
	fixture.Exec(t, tx, d.TemporaryLike("`w_2`", "`w`"))
	fixture.Exec(t, tx, "INSERT INTO w_2 SELECT * FROM w")
	require.Equal(t, 1, holds(t, tx, "w AS a JOIN w_2 AS b ON a.k0 = b.k0", "TRUE"))
	fixture.Exec(t, tx, d.DropTemporary()+"`w`, `w_2`")
	require.NoError(t, tx.Rollback().Error)
	require.Equal(t, 0, holds(t, db, "t", "TRUE"))
}
