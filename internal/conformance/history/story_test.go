package history_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// story takes the same steps in the database and in the model.
type story struct {
	place     storyPlace
	processes []*gorm.DB
	strict    bool // a transaction of the database that has failed does nothing more
	levels    bool // transactions have isolation levels, and others meddle
	clock     time.Time
	model     *storyModel
	tags      int
	placed    int // holds
	// stale is the level of the transaction that the steps are taken in, where it does not show what others commit meanwhile, and
	// meddled tells that another has.
	stale   string
	meddled bool
	inside  bool // in a transaction of a database that does nothing more in one that has failed
}

// clocks are those of the processes: that of the second is slow.
func (s *story) clocks() []func() time.Time {
	return []func() time.Time{
		func() time.Time { return s.clock },
		func() time.Time { return s.clock.Add(-2 * time.Second) },
	}
}

// storyOutcome is what a step has come to, and what it should have.
type storyOutcome struct {
	what     string
	err      error
	rows     int64   // that it says it changed
	refusals []error // one of them is right; none: it goes through
	right    int64   // the number of rows then
	may      error   // also right, where the plugin is more careful than the model
	apply    func()  // what it does in the model
}

// storySerialization tells whether the database has failed a transaction because of what another has done.
func storySerialization(err error) bool {
	var failed interface{ SQLState() string }
	return errors.As(err, &failed) && failed.SQLState() == "40001"
}

// settle compares an outcome, and lets the model follow. It tells whether the transaction around the step is spoilt.
func (s *story) settle(t *rapid.T, o storyOutcome) (spoilt bool) {
	t.Logf("%s: %d rows, %v", o.what, o.rows, o.err)
	if s.stale != "" {
		switch {
		case errors.Is(o.err, softdelete.ErrUnsupported):
			require.ErrorContains(t, o.err, s.stale)
			return false
		case s.meddled && storySerialization(o.err):
			return true
		case s.meddled && o.err == nil && o.rows == 0:
			return false // it has seen nothing of what came meanwhile
		}
	}
	if len(o.refusals) > 0 {
		require.True(t, slices.ContainsFunc(o.refusals, func(right error) bool { return errors.Is(o.err, right) }),
			"%s: %v instead of one of %v", o.what, o.err, o.refusals)
		intact := []error{
			softdelete.ErrBlocked, softdelete.ErrHeld, softdelete.ErrParentDeleted, softdelete.ErrErased, softdelete.ErrRestoreConflict,
			softdelete.ErrUnsupported, gorm.ErrRecordNotFound,
		}
		return !slices.ContainsFunc(intact, func(e error) bool { return errors.Is(o.err, e) })
	}
	if o.may != nil && errors.Is(o.err, o.may) {
		return false
	}
	require.NoError(t, o.err, o.what)
	require.Equal(t, o.right, o.rows, "%s: rows", o.what)
	o.apply()
	return false
}

// take takes a step, in the database and in the model.
func (s *story) take(t *rapid.T, db *gorm.DB, step storyStep) (spoilt bool) {
	s.clock = s.clock.Add(time.Duration(step.pause) * time.Millisecond)
	i := slices.IndexFunc(storyOperations, func(o storyOperation) bool { return o.name == step.operation })
	return s.settle(t, storyOperations[i].run(s, t, db, storyOperations[i].aimed(s.model, step)))
}

// transaction takes steps in one transaction of the caller's. On a database with levels another process may meddle once it has begun.
func (s *story) transaction(t *rapid.T, step storyStep) {
	level := storyLevels[0]
	if s.levels {
		level = storyLevels[step.n%len(storyLevels)]
	}
	before := s.model.clone()
	tx := s.processes[step.process].Begin(level.options)
	require.NoError(t, tx.Error)
	defer tx.Rollback() // of a story that fails inside
	t.Logf("begin %s", level.name)
	if s.levels {
		require.NoError(t, tx.Exec("SELECT 1 FROM "+string(s.place)+"story_shops").Error)
		if step.meddle != nil {
			s.take(t, s.processes[1-step.process], *step.meddle)
			before, s.meddled = s.model.clone(), true
		}
		s.stale = level.stale
	}
	s.inside = s.strict
	spoilt := false
	for _, inner := range step.inner {
		if spoilt = s.take(t, tx, inner); spoilt {
			break
		}
	}
	s.stale, s.meddled, s.inside = "", false, false
	if spoilt || !step.commit {
		t.Log("rollback")
		require.NoError(t, tx.Rollback().Error)
		s.model = before
		return
	}
	t.Log("commit")
	if err := tx.Commit().Error; level.stale == "" || !storySerialization(err) {
		require.NoError(t, err)
		return
	}
	s.model = before
}

// check compares the database with the model.
func (s *story) check(t *rapid.T) {
	want := map[string]string{}
	for _, row := range s.model.rows {
		want[row.table.name+" "+row.text.Tag] = s.model.wanted(row)
	}
	got := map[string]string{}
	for tag, found := range s.read(t, s.processes[0]) {
		got[tag] = found.String()
	}
	require.Equal(t, want, got, "the rows in the database")
}

// read reads all rows, live and deleted, by table and tag.
func (s *story) read(t *rapid.T, db *gorm.DB) map[string]storyFound {
	all := map[string]storyFound{}
	add := func(table string, rows []storyFound) {
		for _, found := range rows {
			name := table + " " + found.text.Tag
			require.NotContains(t, all, name, "the row is there twice")
			all[name] = found
		}
	}
	for i := range storyTables {
		table := &storyTables[i]
		rows, err := table.find(s.place.on(db, *table))
		require.NoError(t, err)
		if table.archive {
			var filed []storyFiled
			require.NoError(t, db.Table(string(s.place)+table.name+"_archive").Find(&filed).Error)
			for _, row := range filed {
				rows = append(rows, row.found())
			}
		}
		add(table.name, rows)
	}
	return all
}

// passOn lets the model take over the marks that rows which stay were found with: those of rows above them. Erased rows keep their own, with
// all under them. So does an archived row where the archive has its key with the mark from above already, for a deletion takes a key once.
func (s *story) passOn(t *rapid.T, db *gorm.DB, held storySet) {
	if len(held) == 0 {
		return
	}
	all := s.read(t, db)
	former := map[*storyRow]int{}
	for row := range held {
		found := all[row.table.name+" "+row.text.Tag]
		former[row] = row.mark
		row.mark = 0
		for i, d := range s.model.deletions { // of those with one time the last: no row has the mark of the others any more
			if found.deleted && found.at.Equal(d.at) && (found.id == d.id || row.table.byTime && row.table == d.table) {
				row.mark = i + 1
			}
		}
		require.NotZero(t, row.mark, "%v stays, with the mark of no deletion: %v", row, found)
	}
	for row := range held {
		right := row.mark == former[row] && row.erased
		for _, l := range storyLinks {
			ref := row.ref(l)
			if ref == nil || !l.cascade {
				continue
			}
			for _, above := range s.model.with(l.parent, *ref) {
				taken := row.table.archive && row.mark == former[row] && slices.ContainsFunc(s.model.with(row.table.name, row.key),
					func(r *storyRow) bool { return r != row && r.mark == above.mark })
				right = right || above.mark == row.mark || above.mark != 0 && taken
			}
		}
		require.True(t, right, "%v stays, with the mark of no row above it", row)
	}
}

// Whatever happens to the world, in any order, in transactions of any level and under clocks that stand, differ and go back, the database
// is what the model says: each row is there once, with its values, live or with the mark of the deletion that it belongs to, until a
// purge, a hard delete or an erasure that the model agrees with.
//
// A run of the tests takes the same few histories each time, and with a flag of rapid what that says: so many new ones, those of a seed, or
// one that failed again.
//
//	go test -timeout 0 -run 'TestStories$/sqlite' ./internal/conformance/history -rapid.checks=10000
//	go test -timeout 0 -run 'TestStories$/postgres' ./internal/conformance/history -rapid.checks=10000
func TestStories(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) { storyCheck(t, database, "", false) })
}

func TestStoriesAtIsolationLevels(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) { storyCheck(t, database, "", true) })
}

func TestStoriesInASchema(t *testing.T) {
	annex := storyPlace(fmt.Sprintf("annex_%d.", os.Getpid())) // other runs may use the same server
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) { storyCheck(t, database, annex, false) })
}

func storyCheck(t *testing.T, database *testdb.Database, place storyPlace, levels bool) {
	storyFlags(t, database)
	s := &story{place: place, strict: database.Name == "postgres", levels: levels}
	s.processes = storyOpen(t, database, place, s.clocks())
	beginnings, steps := storyBeginnings(), rapid.SliceOfN(storySteps(true), 6, 30)
	day := 0
	rapid.Check(t, func(t *rapid.T) {
		day++
		storyEmpty(t, s.processes[0], place)
		s.clock = time.Date(2024, 2, 1+day, 12, 0, 0, 0, time.UTC)
		s.model = &storyModel{holds: map[softdelete.HoldID]storyHold{}}
		s.stale, s.meddled, s.inside, s.tags, s.placed = "", false, false, 0, 0
		for _, step := range beginnings.Draw(t, "beginning") {
			s.take(t, s.processes[0], step)
		}
		for _, step := range steps.Draw(t, "story") {
			if step.operation == "transaction" {
				s.transaction(t, step)
			} else {
				s.take(t, s.processes[step.process], step)
			}
			s.check(t)
		}
	})
}

// storyFlags sets how many histories are taken and which, until the test ends, where no flag says so.
func storyFlags(t *testing.T, database *testdb.Database) {
	if historyFlags["rapid.checks"] || historyFlags["rapid.seed"] || historyFlags["rapid.failfile"] {
		return
	}
	values := map[string]string{"rapid.checks": "60", "rapid.seed": "20240229"}
	if database.Name != "sqlite" { // a server takes longer
		values["rapid.checks"] = "25"
	}
	for name, value := range values {
		former := flag.Lookup(name).Value.String()
		require.NoError(t, flag.Set(name, value))
		t.Cleanup(func() { require.NoError(t, flag.Set(name, former)) })
	}
}

func (s *story) tag() StoryText {
	s.tags++
	return StoryText{
		Tag: fmt.Sprint("row ", s.tags), Name: fmt.Sprint("Ann Example ", s.tags),
		CreatedAt: time.Date(2024, 1, 1, 0, 0, s.tags, 0, time.UTC),
	}
}
