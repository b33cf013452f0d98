package dialect_test

import (
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// mysqlLogged has columns of types that GORM does not choose by itself.
type mysqlLogged struct {
	_       struct{}   `softdelete:"events"`
	ID      uint64     `gorm:"primaryKey;autoIncrement:false"`
	Latin   string     `gorm:"type:varchar(20) CHARACTER SET latin1"`
	Bits    []byte     `gorm:"type:bit(64)"`
	Flags   []byte     `gorm:"type:bit(12)"`
	Kind    string     `gorm:"type:enum('a','B')"`
	Set     string     `gorm:"type:set('x','y')"`
	Year    int        `gorm:"type:year"`
	Day     time.Time  `gorm:"type:date"`
	Hour    string     `gorm:"type:time(3)"`
	Stamp   *time.Time `gorm:"type:timestamp(6) NULL"`
	Whole   uint64     `gorm:"type:bigint unsigned"`
	Binary  []byte     `gorm:"type:binary(4)"`
	Text    []byte     `gorm:"type:blob"`
	Plain   string     `gorm:"type:blob"`
	Answer  bool       `gorm:"type:tinyint(1)"`
	Decimal string     `gorm:"type:decimal(65,30)"`
	JSON    string     `gorm:"type:json"`
	Zero    time.Time
}

func TestEventsOfMySQLsOwnTypesGiveBackTheRow(t *testing.T) {
	db := testdb.MySQL(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlLogged{}}})))
	require.NoError(t, db.AutoMigrate(&mysqlLogged{}))
	stamp := time.Date(2026, 10, 25, 0, 30, 0, 123456000, time.UTC)
	rows := []mysqlLogged{
		{
			ID: 1<<64 - 1, Latin: "é\\", Bits: []byte{255, 0, 0, 0, 0, 0, 0, 1}, Flags: []byte{0x0f, 0xff}, Kind: "B", Set: "x,y", Year: 2026, Day: stamp.Truncate(24 * time.Hour), Hour: "-12:13:14.500",
			Stamp: &stamp, Whole: 1<<64 - 1, Binary: []byte{0, 255, 0, 0}, Text: []byte{255, '"', '\\'}, Plain: "\xff\x00", Answer: true,
			Decimal: "-12345678901234567890123456789012345.123456789012345678901234567891", JSON: `{"b": 1, "a": [1, 2.50, "é"]}`,
		},
		{ID: 1, Kind: "a", Bits: []byte{0}, Flags: []byte{0, 0}, Day: stamp.Truncate(24 * time.Hour), Hour: "00:00:00.000", Binary: make([]byte, 4), Text: []byte{}, Decimal: "0", JSON: "null"},
	}
	for i := range rows {
		require.NoError(t, db.Create(&rows[i]).Error)
	}
	require.NoError(t, db.Model(&rows[0]).Updates(map[string]any{"bits": []byte{5}, "kind": "a", "latin": "É\\"}).Error)
	for _, zone := range []string{"+00:00", "+05:30"} {
		err := db.Connection(func(conn *gorm.DB) error {
			conn = conn.Session(&gorm.Session{})
			if err := conn.Exec("SET time_zone = ?", zone).Error; err != nil {
				return err
			}
			for _, row := range rows {
				var stored mysqlLogged
				require.NoError(t, conn.First(&stored, row.ID).Error)
				replayed := mysqlLogged{ID: row.ID}
				require.NoError(t, softdelete.AsOf(conn, &replayed, time.Now().Add(time.Hour)))
				require.Equal(t, stored, replayed)
			}
			changed, err := softdelete.Rebuild(conn, &mysqlLogged{})
			require.NoError(t, err)
			require.Zero(t, changed)
			return conn.Exec("SET time_zone = '+00:00'").Error
		})
		require.NoError(t, err)
	}
	require.NoError(t, db.Exec("UPDATE mysql_loggeds SET kind = 'B', stamp = NULL, bits = 7").Error)
	changed, err := softdelete.Rebuild(db, &mysqlLogged{})
	require.NoError(t, err)
	require.EqualValues(t, 2, changed)
}

func TestWhatIsNoValueOfAMySQLTypeIsNamedByItsColumn(t *testing.T) {
	db := testdb.MySQL(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlLogged{}}})))
	require.NoError(t, db.AutoMigrate(&mysqlLogged{}))
	row := mysqlLogged{ID: 1, Kind: "a", Day: time.Now(), Hour: "0", Decimal: "0", JSON: "null"}
	require.NoError(t, db.Create(&row).Error)
	for column, value := range map[string]string{
		"whole": `-1`, "id": `"18446744073709551616"`, "answer": `"yes"`, "year": `"2026s"`, "bits": `"255"`, "text": `"\\xs3cret"`, "stamp": `"0"`, "day": `"2026-13-40"`,
		"zero": `"2026-10-10 12:00:00 Z"`, "kind": `["a"]`, "hour": `{"text": "b"}`,
	} {
		require.NoError(t, db.Exec("UPDATE mysql_loggeds_events SET data = ?", `{"id": 1, "`+column+`": `+value+`}`).Error)
		err := softdelete.AsOf(db, &mysqlLogged{ID: 1}, time.Now().Add(time.Hour))
		require.ErrorIs(t, err, softdelete.ErrUnsupported, column)
		require.ErrorContains(t, err, "a value of the column "+column+" does not fit", column)
	}
	require.NoError(t, db.Exec("UPDATE mysql_loggeds_events SET data = ?", `{"id": 1, "day": "0000-00-00", "zero": "0000-00-00 00:00:00.000", "whole": null}`).Error)
	require.NoError(t, softdelete.AsOf(db, &mysqlLogged{ID: 1}, time.Now().Add(time.Hour)), "a time that is none, and nothing")
}

func TestEventLogsOnMySQLNeedThePrivilegeForTriggers(t *testing.T) {
	database := testdb.MySQL(t)
	admin := database.Open(t)
	config, err := driver.ParseDSN(database.DSN)
	require.NoError(t, err)
	user := "u" + config.DBName[len(config.DBName)-20:]
	for _, statement := range []string{
		"CREATE USER " + user + " IDENTIFIED BY 'Secret.12'",
		"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE TEMPORARY TABLES ON " + config.DBName + ".* TO " + user,
	} {
		require.NoError(t, admin.Exec(statement).Error)
	}
	defer admin.Exec("DROP USER " + user)
	config.User, config.Passwd = user, "Secret.12"
	db, err := gorm.Open(mysql.Open(config.FormatDSN()), &gorm.Config{Logger: logger.Discard})
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	defer pool.Close()
	pool.SetMaxIdleConns(0) // a session knows the privileges of when it began
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlLogged{}}})))
	err = db.AutoMigrate(&mysqlLogged{})
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "TRIGGER")

	require.NoError(t, admin.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlLogged{}}})))
	require.NoError(t, admin.Session(&gorm.Session{PrepareStmt: true}).AutoMigrate(&mysqlLogged{}))
	row := mysqlLogged{ID: 1, Kind: "a", Day: time.Now(), Hour: "0", Decimal: "0", JSON: "null"}
	err = db.Create(&row).Error
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "or grant the privilege TRIGGER on the table")
	require.NoError(t, admin.Exec("GRANT TRIGGER ON "+config.DBName+".* TO "+user).Error)
	require.NoError(t, db.Create(&row).Error)
	events, err := softdelete.History(db, &mysqlLogged{ID: 1})
	require.NoError(t, err)
	require.Len(t, events, 1)
}
