package testdb

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
)

func TestMySQLDatabaseIsDropped(t *testing.T) {
	outside := MySQL(t).Open(t)
	var name string
	t.Run("even while a transaction is open in it", func(t *testing.T) {
		forgotten, err := gorm.Open(mysql.Open(MySQL(t).DSN))
		require.NoError(t, err)
		require.NoError(t, forgotten.AutoMigrate(&note{}))
		require.NoError(t, forgotten.Raw("SELECT database()").Scan(&name).Error)
		require.NoError(t, forgotten.Begin().Create(&note{Text: "a"}).Error)
	})
	var left int
	require.NoError(t, outside.Raw("SELECT count(*) FROM information_schema.schemata WHERE schema_name = ?", name).Scan(&left).Error)
	require.Zero(t, left)
}

func TestMySQLKeepsTimesInUTCAndAllOfUnicode(t *testing.T) {
	type stamped struct {
		ID   int64
		At   time.Time `gorm:"precision:6"`
		Text string    `gorm:"size:40"`
	}
	db := MySQL(t).Open(t)
	require.NoError(t, db.AutoMigrate(&stamped{}))
	at := time.Date(2026, 3, 29, 2, 30, 0, 123456000, time.UTC)
	require.NoError(t, db.Create(&stamped{ID: 1, At: at.In(time.FixedZone("east", 7200)), Text: "𝄞 ä"}).Error)
	var found stamped
	require.NoError(t, db.First(&found).Error)
	require.Equal(t, stamped{ID: 1, At: at, Text: "𝄞 ä"}, found)
	var text string
	require.NoError(t, db.Raw("SELECT CAST(at AS CHAR) FROM stampeds").Scan(&text).Error)
	require.Equal(t, "2026-03-29 02:30:00.123456", text)
}

func TestMySQLHasTheServersIsolation(t *testing.T) {
	database := MySQL(t)
	server, err := mysqlServer()
	require.NoError(t, err)
	variable := "transaction_isolation" // which MariaDB has from 11.1
	if !server.has("SELECT @@transaction_isolation = '' OR 1") {
		variable = "tx_isolation"
	}
	var global, session string
	require.NoError(t, database.Open(t).Raw("SELECT @@global."+variable+", @@session."+variable).Row().Scan(&global, &session))
	require.Equal(t, global, session)
}

func TestMySQLDSN(t *testing.T) {
	for server, want := range map[string]string{
		"root@unix(/run/mysqld/mysqld.sock)/":                    "root@unix(/run/mysqld/mysqld.sock)/d?parseTime=true&charset=utf8mb4",
		"u:p@tcp(db:3306)/other?loc=Local&tls=skip-verify&a=%27": "u:p@tcp(db:3306)/d?parseTime=true&tls=skip-verify&a=%27&charset=utf8mb4",
	} {
		dsn, err := mysqlDSN(server, "d")
		require.NoError(t, err)
		require.Equal(t, want, dsn)
		name, err := databaseIn(dsn)
		require.NoError(t, err)
		require.Equal(t, "d", name)
	}
	_, err := mysqlDSN("host=/tmp dbname=test", "d")
	require.Error(t, err)
}

func TestAMySQLServerThatIsNamedAndDoesNotAnswerIsNoReasonToSkip(t *testing.T) {
	_, err := newFoundMySQL("nobody@tcp(127.0.0.1:1)/", "named")
	require.Error(t, err)
}

func TestMySQLIsFull(t *testing.T) {
	for _, full := range []error{
		&driver.MySQLError{Number: 1040, Message: "Too many connections"},
		&driver.MySQLError{Number: 1203, Message: "User x already has more than 'max_user_connections' active connections"},
		fmt.Errorf("open: %w", &driver.MySQLError{Number: 1226, Message: "User 'x' has exceeded the 'max_user_connections' resource (current value: 2)"}),
	} {
		require.True(t, mysqlIsFull(full), full)
	}
	for _, other := range []error{
		nil, os.ErrNotExist, &driver.MySQLError{Number: 1045, Message: "Access denied"},
		&driver.MySQLError{Number: 1226, Message: "User 'x' has exceeded the 'max_updates_per_hour' resource (current value: 2)"},
	} {
		require.False(t, mysqlIsFull(other), other)
	}
}

func TestATransactionInMySQLIsSeenAtOnceHoweverManyAsk(t *testing.T) {
	database := MySQL(t)
	db := withNotes(t, database)
	server, err := mysqlServer()
	require.NoError(t, err)
	name, err := databaseIn(database.DSN)
	require.NoError(t, err)

	end := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() { // keeps information_schema.innodb_trx as it is
		for {
			select {
			case <-end:
				return
			default:
				_, err := server.admin.Exec("SELECT trx_id FROM information_schema.innodb_trx")
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for range 20 {
		tx := db.Begin()
		require.NoError(t, tx.Find(&[]note{}).Error, "one that only reads is one, too")
		left, err := server.left(name)
		require.NoError(t, err)
		require.Len(t, left, 1)
		require.NoError(t, tx.Rollback().Error)
		left, err = server.left(name)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	close(end)
	others.Wait()
}

func TestOtherDatabasesOfTheMySQLServerAreNotConcerned(t *testing.T) {
	mine, other := withNotes(t, MySQL(t)), withNotes(t, MySQL(t))
	tx := other.Begin()
	require.NoError(t, tx.Create(&note{Text: "a"}).Error)
	NothingLeft(t, mine)
	require.NoError(t, tx.Commit().Error)
}

func TestSessionsInATransaction(t *testing.T) {
	active, waiting := activeIn("")
	require.Empty(t, append(active, waiting...))
	active, waiting = activeIn(`LIST OF TRANSACTIONS FOR EACH SESSION:
---TRANSACTION (0x7f4df40c5680), ACTIVE 1 sec
0 lock struct(s), heap size 1128, 0 row lock(s)
MariaDB thread id 21, OS thread handle 139972561458880, query id 994 localhost root User sleep
select '
---TRANSACTION 1, ACTIVE'
---TRANSACTION (0x7f4df40c5680), not started
0 lock struct(s), heap size 1128, 0 row lock(s)
MariaDB thread id 22, OS thread handle 139972561458880, query id 994 localhost root User sleep
---TRANSACTION 1569, ACTIVE (PREPARED) 1 sec
1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1
MariaDB thread id 19, OS thread handle 139972562073280, query id 991 localhost root User sleep
---TRANSACTION 421, ACTIVE 3 sec recovered trx
---TRANSACTION 1826, ACTIVE 4 sec starting index read
mysql tables in use 1, locked 1
LOCK WAIT 2 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1
MySQL thread id 8, OS thread handle 139972562073280, query id 12 localhost root
--------
FILE I/O
`)
	require.Equal(t, []int64{21, 19, 8}, active)
	require.Equal(t, []int64{8}, waiting)
}
