package dialect_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What a database can do changes how statements are written, never what becomes of the rows.

type (
	lackTop struct {
		ID     uint
		Lefts  []lackLeft  `gorm:"foreignKey:TopID" softdelete:"cascade"`
		Rights []lackRight `gorm:"foreignKey:TopID" softdelete:"cascade"`
		Papers []lackPaper `gorm:"foreignKey:TopID" softdelete:"cascade"`
		Gone   bool        `softdelete:"flag"`
		Mark   softdelete.DeletionID
	}
	lackLeft struct {
		ID, TopID uint
		Bottoms   []lackBottom `gorm:"foreignKey:LeftID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	lackRight struct {
		ID, TopID uint
		Bottoms   []lackBottom `gorm:"foreignKey:RightID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	// lackBottom stands under two parents, and under others of its kind.
	lackBottom struct {
		ID                        uint
		LeftID, RightID, ParentID *uint
		Children                  []lackBottom `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt                 gorm.DeletedAt
	}
	// lackPaper and its lines are archived.
	lackPaper struct {
		_         struct{} `softdelete:"archive"`
		ID, TopID uint
		Text      string
		Lines     []lackLine `gorm:"foreignKey:PaperID" softdelete:"cascade"`
	}
	lackLine struct {
		_           struct{} `softdelete:"archive"`
		ID, PaperID uint
	}
	// lackEgg and lackHen come from each other.
	lackEgg struct {
		ID        uint
		HenID     *uint
		Hens      []lackHen `gorm:"foreignKey:EggID;constraint:-" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	lackHen struct {
		ID        uint
		EggID     *uint
		Eggs      []lackEgg `gorm:"foreignKey:HenID;constraint:-" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
)

var lackModels = []any{&lackTop{}, &lackLeft{}, &lackRight{}, &lackBottom{}, &lackPaper{}, &lackLine{}, &lackEgg{}, &lackHen{}}

// deletionIDs are new in every run.
var deletionIDs = regexp.MustCompile(`[0-9]{16,19}-[0-9a-f]+-[0-9a-f]+`)

// lackRun deletes, restores and purges, and tells what became of the rows after every step.
func lackRun(t *testing.T, database *testdb.Database, inspect func(sql string)) (told string) {
	config := fixture.HeldTree()
	tables := append(config.Models, lackModels...)
	config.Models = tables
	s := fixture.NewStage(t, database, config)
	var text strings.Builder
	recorder := testdb.Record(s.DB)
	step := func(name string, do func() (softdelete.Report, error)) {
		recorder.Reset()
		report, err := do()
		require.NoError(t, err, name)
		for _, sql := range recorder.Statements() {
			inspect(sql)
		}
		fmt.Fprintf(&text, "%s: %v\n%s", name, report.Effects, fixture.Dump(t, s.DB, tables...))
		for _, table := range []string{"lack_papers_archive", "lack_lines_archive"} {
			fmt.Fprintln(&text, table, fixture.Rows(t, s.DB, table))
		}
	}
	call := func(name string, do func(*gorm.DB, any) (softdelete.Report, error), row any) {
		step(name, func() (softdelete.Report, error) { return do(s.DB, row) })
	}
	key := func(id uint) *uint { return &id }
	s.Add(
		&lackTop{ID: 1, Papers: []lackPaper{{ID: 1, Text: "a", Lines: []lackLine{{ID: 1}, {ID: 2}}}}}, &lackTop{ID: 2, Papers: []lackPaper{{ID: 2}}},
		&lackLeft{ID: 1, TopID: 1}, &lackRight{ID: 1, TopID: 1}, &lackRight{ID: 2, TopID: 2},
		&[]lackBottom{{ID: 1, LeftID: key(1)}, {ID: 2, LeftID: key(1), RightID: key(1)}, {ID: 3, RightID: key(2)}},
		&[]lackBottom{{ID: 4, ParentID: key(2)}, {ID: 5, ParentID: key(3)}},
		&lackHen{ID: 1}, &lackEgg{ID: 1, HenID: key(1)}, &lackHen{ID: 2, EggID: key(1)}, &lackEgg{ID: 2, HenID: key(2)}, &lackHen{ID: 3},
	)
	call("a diamond is deleted", softdelete.Delete, &lackTop{ID: 1})
	call("and restored", softdelete.Restore, &lackTop{ID: 1})
	call("one side of it is deleted", softdelete.Delete, &lackRight{ID: 1})
	call("the top after it", softdelete.Delete, &lackTop{ID: 1})
	call("the top is restored, whose rows the side still holds", softdelete.Restore, &lackTop{ID: 1})
	call("the side is restored", softdelete.Restore, &lackRight{ID: 1})
	call("the left is deleted", softdelete.Delete, &lackLeft{ID: 1})
	call("then the right", softdelete.Delete, &lackRight{ID: 1})
	call("the left hands its row over", softdelete.Restore, &lackLeft{ID: 1})
	call("the right gives it back", softdelete.Restore, &lackRight{ID: 1})
	call("a ring is deleted", softdelete.Delete, &lackHen{ID: 1})
	call("and restored", softdelete.Restore, &lackHen{ID: 1})
	step("a ring is removed", func() (softdelete.Report, error) { return softdelete.Delete(s.Unscoped(), &lackHen{ID: 1}) })
	call("an archive is removed: its rows are deleted first", softdelete.Delete, &lackPaper{ID: 1})
	step("the whole top", func() (softdelete.Report, error) { return softdelete.Delete(s.Unscoped(), &lackTop{ID: 1}) })

	for org := uint(1); org <= 3; org++ {
		s.AddTree(org)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: org})
	}
	_, err := softdelete.Hold(s.DB, &fixture.Org{ID: 2}, softdelete.HoldOptions{Matter: "a case"})
	require.NoError(t, err)
	step("a purge", func() (softdelete.Report, error) {
		report := s.Purge(softdelete.PurgeOptions{})
		fmt.Fprintln(&text, report.Models)
		return softdelete.Report{}, nil
	})
	return deletionIDs.ReplaceAllString(text.String(), "ID")
}

func TestWithoutWITHBeforeWritesTheSameBecomesOfTheRows(t *testing.T) {
	want := map[string]string{}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		want[database.Name] = lackRun(t, database, func(string) {})
	})
	defer dialect.Lack(dialect.WithBeforeWrite | dialect.WritesInWith)()
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		stored := 0
		told := lackRun(t, database, func(sql string) {
			if strings.HasPrefix(sql, "WITH ") {
				require.NotRegexp(t, `\) (UPDATE|DELETE FROM) `, sql)
			}
			if strings.HasPrefix(sql, "CREATE TEMPORARY TABLE ") {
				stored++
			}
		})
		require.Equal(t, want[database.Name], told)
		require.Greater(t, stored, 10, "what is found lies in temporary tables")
	})
}

func TestWhereAStatementOpensATemporaryTableOnceTheSameBecomesOfTheRows(t *testing.T) {
	want := map[string]string{}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		want[database.Name] = lackRun(t, database, func(string) {})
	})
	defer dialect.Lack(dialect.WithBeforeWrite | dialect.WritesInWith | dialect.TemporaryTwice)()
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		copies := 0
		told := lackRun(t, database, func(sql string) {
			if regexp.MustCompile(`^CREATE TEMPORARY TABLE .\w+_2\W`).MatchString(sql) {
				copies++
			}
		})
		require.Equal(t, want[database.Name], told)
		require.Positive(t, copies, "what is named twice")
	})
}
