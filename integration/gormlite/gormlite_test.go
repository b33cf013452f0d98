// Package gormlite_test runs softdelete on SQLite through a driver that is written in Go, with CGO_ENABLED=0 too. That
// driver keeps times in another form than gorm.io/driver/sqlite, and reports errors of its own types.
package gormlite_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/embed"
	"github.com/ncruces/go-sqlite3/gormlite"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
)

// Team carries a DeletionID, its members only a time: their marks are compared as instants.
type Team struct {
	ID         uint
	Name       string `gorm:"unique"`
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Members    []Member `softdelete:"cascade"`
	Rooms      []Room   `softdelete:"block"`
}

type Member struct {
	ID        uint
	TeamID    uint
	Team      *Team  `softdelete:"guard"`
	Email     string `gorm:"uniqueIndex"`
	DeletedAt gorm.DeletedAt
	Tasks     []Task `softdelete:"cascade"`
}

// Task hangs under a member and under a project.
type Task struct {
	ID        uint
	MemberID  uint
	ProjectID uint
	DeletedAt *time.Time `softdelete:"timestamp"`
}

type Project struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Tasks      []Task `softdelete:"cascade"`
}

type Room struct {
	ID     uint
	TeamID uint
	Status string `softdelete:"status;deleted:closed;active:open"`
	Was    string `softdelete:"previous"`
}

// Badge refers to a member by a foreign key, without a rule.
type Badge struct {
	ID       uint
	MemberID uint
	Member   Member
}

func models() []any {
	return []any{&Team{}, &Member{}, &Project{}, &Task{}, &Room{}, &Badge{}}
}

// open gives an empty database whose clock stands still.
func open(t *testing.T, now time.Time) *gorm.DB {
	t.Helper()
	file := "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "test.db")) + "?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
	db, err := gorm.Open(gormlite.Open(file), &gorm.Config{
		Logger: logger.Discard, TranslateError: true, NowFunc: func() time.Time { return now },
	})
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models(), Ledger: true})))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models()...)...))
	return db
}

var noon = time.Date(2024, 2, 29, 12, 0, 0, 123_456_789, time.UTC)

func newTeam(t *testing.T, db *gorm.DB) *Team {
	t.Helper()
	team := &Team{Name: "red", Members: []Member{{Email: "a"}, {Email: "b"}}}
	require.NoError(t, db.Create(team).Error)
	require.NoError(t, db.FirstOrCreate(&Project{ID: 1}).Error)
	for i := range team.Members {
		task := Task{MemberID: team.Members[i].ID, ProjectID: 1}
		require.NoError(t, db.Create(&task).Error)
	}
	return team
}

func count(t *testing.T, db *gorm.DB, model any) (rows int) {
	t.Helper()
	var n int64
	require.NoError(t, db.Model(model).Count(&n).Error)
	return int(n)
}

func TestADeletionTakesItsChildrenAndItsRestoreBringsThemBack(t *testing.T) {
	zone := time.FixedZone("", -5*3600)
	for _, now := range []time.Time{noon, noon.Truncate(time.Second), noon.In(zone), time.Date(2024, 12, 31, 23, 59, 59, 999_999_999, zone)} {
		db := open(t, now)
		team := newTeam(t, db)
		require.NoError(t, db.Delete(team).Error)
		require.True(t, team.DeletedAt.Time.Equal(now))
		require.Equal(t, []int{0, 0, 0}, []int{count(t, db, &Team{}), count(t, db, &Member{}), count(t, db, &Task{})})

		report, err := softdelete.RestoreDeletion(db, team.DeletionID)
		require.NoError(t, err)
		require.Len(t, report.Effects, 3, "at %s", now)
		require.Equal(t, []int{1, 2, 2}, []int{count(t, db, &Team{}), count(t, db, &Member{}), count(t, db, &Task{})}, "at %s", now)

		require.NoError(t, db.Delete(team).Error)
		_, err = softdelete.Restore(db, team)
		require.NoError(t, err)
		require.False(t, team.DeletedAt.Valid)
		require.Equal(t, []int{1, 2, 2}, []int{count(t, db, &Team{}), count(t, db, &Member{}), count(t, db, &Task{})}, "at %s", now)

		var ledger []softdelete.Deletion
		require.NoError(t, db.Find(&ledger).Error)
		require.Len(t, ledger, 2)
		require.NotNil(t, ledger[0].RestoredAt)
		require.NotNil(t, ledger[1].RestoredAt)
	}
}

func TestARowThatAnotherDeletedParentHoldsTakesOverItsMark(t *testing.T) {
	db := open(t, noon)
	team := newTeam(t, db)
	require.NoError(t, db.Delete(team).Error)
	require.NoError(t, db.Delete(&Project{ID: 1}).Error)

	report, err := softdelete.Restore(db, team)
	require.NoError(t, err)
	require.Contains(t, report.Effects, softdelete.Effect{Table: "tasks", Relation: "Tasks", Parent: "members", Action: softdelete.ActionSkipped, Rows: 2})
	require.Zero(t, count(t, db, &Task{}))
	_, err = softdelete.Restore(db, &Project{ID: 1})
	require.NoError(t, err)
	require.Equal(t, 2, count(t, db, &Task{}))
}

func TestRulesRefuse(t *testing.T) {
	db := open(t, noon)
	team := newTeam(t, db)
	room := Room{TeamID: team.ID, Status: "open"}
	require.NoError(t, db.Create(&room).Error)
	require.ErrorIs(t, db.Delete(team).Error, softdelete.ErrBlocked)
	require.NoError(t, db.Delete(&room).Error)

	require.NoError(t, db.Create(&Badge{MemberID: team.Members[0].ID}).Error)
	require.ErrorIs(t, db.Unscoped().Delete(&team.Members[0]).Error, softdelete.ErrBlocked, "the driver's foreign key error")

	require.NoError(t, db.Delete(team).Error)
	require.ErrorIs(t, db.Create(&Member{TeamID: team.ID, Email: "c"}).Error, softdelete.ErrParentDeleted)
	require.ErrorIs(t, db.Save(team).Error, softdelete.ErrRowDeleted)
	_, err := softdelete.Restore(db, &room)
	require.NoError(t, err, "block does not hold a row")
	require.Equal(t, "open", room.Status)
}

func TestValuesAreUniqueAmongLiveRows(t *testing.T) {
	db := open(t, noon)
	team := newTeam(t, db)
	require.ErrorIs(t, db.Create(&Member{TeamID: team.ID, Email: "a"}).Error, gorm.ErrDuplicatedKey)
	require.NoError(t, db.Delete(&team.Members[0]).Error)
	again := Member{TeamID: team.ID, Email: "a"}
	require.NoError(t, db.Create(&again).Error)

	_, err := softdelete.Restore(db, &team.Members[0])
	var conflict *softdelete.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, []string{"email"}, conflict.Columns)

	upsert := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoUpdates: clause.AssignmentColumns([]string{"team_id"})})
	require.NoError(t, upsert.Create(&Member{TeamID: team.ID, Email: "a"}).Error)
	require.Equal(t, 2, count(t, db, &Member{}))
}

func TestAutoMigrateNarrowsOldIndexesAndThenChangesNothing(t *testing.T) {
	db := open(t, noon)
	require.NoError(t, db.Migrator().DropTable(models()...))
	plain := db.Session(&gorm.Session{NewDB: true})
	for _, statement := range []string{
		"CREATE TABLE teams (id integer PRIMARY KEY AUTOINCREMENT, name text, deleted_at datetime, deletion_id text, CONSTRAINT uni_teams_name UNIQUE (name))",
		"CREATE TABLE members (id integer PRIMARY KEY AUTOINCREMENT, team_id integer, email text, deleted_at datetime)",
		"CREATE UNIQUE INDEX idx_members_email ON members (email)",
	} {
		require.NoError(t, plain.Exec(statement).Error)
	}

	upgrade, err := softdelete.DDL(db)
	require.NoError(t, err)
	require.NotEmpty(t, upgrade)
	require.NoError(t, db.AutoMigrate(models()...))
	var indexes []string
	require.NoError(t, db.Raw("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql LIKE 'CREATE UNIQUE%' AND tbl_name NOT LIKE 'softdelete%' ORDER BY name").Scan(&indexes).Error)
	require.Len(t, indexes, 2)
	for _, index := range indexes {
		require.True(t, strings.HasSuffix(index, "IS NULL"), index)
	}
	team := newTeam(t, db)
	require.NoError(t, db.Delete(team).Error)
	newTeam(t, db)

	statements, err := softdelete.DDL(db)
	require.NoError(t, err)
	require.Empty(t, statements)
}

func TestDDLOfAnEmptyDatabaseIsWhatAutoMigrateMakes(t *testing.T) {
	db := open(t, noon)
	require.NoError(t, db.Migrator().DropTable(models()...))
	statements, err := softdelete.DDL(db)
	require.NoError(t, err)
	for _, statement := range statements {
		require.NoError(t, db.Exec(statement).Error)
	}
	statements, err = softdelete.DDL(db)
	require.NoError(t, err)
	require.Empty(t, statements)
	newTeam(t, db)
}
