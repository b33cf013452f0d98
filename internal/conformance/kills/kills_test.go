// Package kills_test kills an application at each statement of what it does, and looks what is left. The application is a process
// of its own: this test program, started anew for every call, which stops before its n-th statement and says so. Then it is ended
// by SIGKILL, or the server ends its sessions, by pg_terminate_backend or KILL. So a kill is exact, and comes at the same place in every run.
//
// A schedule of deletions, restores, updates with events, moves to archives and back, holds, erasures and purges follows from one
// seed; its steps are twenty days apart, so that rows fall due. Each step is done once undisturbed. Then it is taken back and killed.
// What holds after every kill:
//
//   - no row is lost: it is in its table, in its archive or in cold storage, unless its time was over
//   - no row is in its table and in its archive
//   - every mark belongs to a deletion that is in the ledger, and no live row has one
//   - the children of a deleted row are as that deletion left them
//   - the versions of a row's events have no gap, and the events give the row
//   - rows under a hold are there, as they were
//   - no certificate stands without all of its rows masked: in tables, archives, events and cold storage; the chain is whole
//   - a step of one transaction has happened as a whole or not at all, in the database and in cold storage
//   - nothing is left: no session, no transaction, no lock
//
// The same call in a new process then gives what it gave undisturbed: the same outcome, rows, marks, archives, events, holds,
// certificates, ledger of erasures and cold rows. Where a kill has left everything as it was, the next call is the one that is killed
// one statement later; the last of them goes on to the end.
package kills_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

var (
	killSeed = flag.Uint64("kills.seed", 1, "what the schedule of kills follows from")
	killAll  = flag.Bool("kills.all", false, "kill at every statement, which takes many minutes")
)

// killStep is a step of a schedule. eligible finds the keys of rows, or the plugin's IDs, that it is meaningful for.
type killStep struct {
	do, eligible string
	ids          bool // of the plugin's
	several      bool // transactions
	again        bool // it may be called again when it has happened
	takes        bool // rows out of their tables, or values
}

var killSteps = []killStep{
	{do: "delete a person", eligible: "SELECT id FROM kill_people WHERE deleted_at IS NULL AND id < 6 ORDER BY id", again: true},
	{do: "restore a person", eligible: "SELECT id FROM kill_people WHERE deleted_at IS NOT NULL AND name <> '[erased]' ORDER BY id", again: true},
	{do: "restore a deletion", eligible: `SELECT id FROM softdelete_deletions WHERE restored_at IS NULL AND "table" = 'kill_people' ORDER BY id`, ids: true, again: true},
	{do: "update a person", eligible: "SELECT id FROM kill_people WHERE deleted_at IS NULL ORDER BY id", again: true},
	{do: "delete a bill", eligible: "SELECT id FROM kill_bills ORDER BY id", again: true, takes: true},
	{do: "restore a bill", eligible: "SELECT id FROM kill_bills_archive ORDER BY id", again: true},
	{do: "hold a person", eligible: "SELECT id FROM kill_people WHERE name <> '[erased]' AND id < 6 ORDER BY id"},
	{do: "release a hold", eligible: "SELECT id FROM softdelete_holds WHERE released_at IS NULL ORDER BY placed_at", ids: true},
	{do: "erase a person", eligible: "SELECT id FROM kill_people WHERE name <> '[erased]' AND id < 6 ORDER BY id", several: true, again: true, takes: true},
	{do: "purge", several: true, again: true, takes: true},
}

func TestKills(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) { killSchedule(t, database, false) })
}

// Before each call holds are placed: on the row that it is about, on an archived row, and on one that is due. Unless -kills.all is set
// these are the calls that take something away.
func TestKillsUnderHolds(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) { killSchedule(t, database, true) })
}

func killSchedule(t *testing.T, database *testdb.Database, held bool) {
	s := newKillStage(t, database)
	random := rand.New(rand.NewPCG(*killSeed, 0))
	schedule := slices.DeleteFunc(slices.Clone(killSteps), func(step killStep) bool { return held && !*killAll && !step.takes })
	random.Shuffle(len(schedule), func(i, j int) { schedule[i], schedule[j] = schedule[j], schedule[i] })
	var points killPoints
	for i := range schedule {
		s.now = killDay0.Add(time.Duration(i+1) * killInterval)
		s.draw(schedule[i:])
		step := schedule[i]
		order := s.order(step, random)
		var holds []softdelete.HoldID
		if held {
			holds = s.places(order, random)
		}
		s.kills(step, order, random, &points)
		s.releases(holds)
	}
	t.Logf("seed %d: %d kill points, of which %d ended a session of the server; %d calls again", *killSeed, points.kills, points.severed, points.again)
	require.GreaterOrEqual(t, points.kills, len(schedule))
}

type killPoints struct{ kills, severed, again int }

// order chooses the row of a step.
func (s *killStage) order(step killStep, random *rand.Rand) killOrder {
	order := killOrder{Database: s.database.Name, DSN: s.database.WorkersDSN(), Dir: s.dir, Do: step.do, Now: s.now}
	if step.eligible == "" {
		return order
	}
	texts := s.eligible(step)
	require.NotEmpty(s, texts, "seed %d: there is nothing to %s", *killSeed, step.do)
	order.Text = texts[random.IntN(len(texts))]
	if !step.ids {
		_, err := fmt.Sscan(order.Text, &order.ID)
		require.NoError(s, err)
	}
	return order
}

func (s *killStage) eligible(step killStep) (texts []string) {
	query := strings.ReplaceAll(step.eligible, `"table"`, s.plain.Statement.Quote("table"))
	require.NoError(s, s.plain.Raw(query).Scan(&texts).Error)
	return texts
}

// draw puts the first step that there are rows for before the others.
func (s *killStage) draw(steps []killStep) {
	i := slices.IndexFunc(steps, func(step killStep) bool { return step.eligible == "" || len(s.eligible(step)) > 0 })
	if i > 0 {
		step := steps[i]
		copy(steps[1:], steps[:i])
		steps[0] = step
	}
}

// kills does a step undisturbed, and then again with a kill at each of its statements, or at some.
func (s *killStage) kills(step killStep, order killOrder, random *rand.Rand, points *killPoints) {
	what := fmt.Sprintf("seed %d, %s %s", *killSeed, order.Do, order.Text)
	s.keep()
	before, rows := s.state(), s.rows()
	undisturbed := s.work(order)
	require.Empty(s, undisturbed.Error, what)
	after, rowsAfter := s.state(), s.rows()
	s.requireInvariants(what)
	s.Logf("%s: %d statements, %s", what, undisturbed.Statements, undisturbed.Outcome)

	stops := s.stops(undisturbed.Statements, random)
	asBefore := false
	for i, stop := range stops {
		at := fmt.Sprintf("%s, statement %d of %d, severed %v", what, stop.statement, undisturbed.Statements, stop.severs)
		if !asBefore {
			s.takeBack()
			require.Equal(s, before, s.state(), at)
		}
		outcome, sql := s.killAt(order, stop, points)
		at += ": " + sql
		s.requireInvariants(at)
		now := s.rows()
		if !step.several && now != rows {
			require.Equal(s, rowsAfter, now, "neither as before nor as after: %s", at)
		}
		asBefore = now == rows && s.state() == before
		if asBefore && i < len(stops)-1 {
			continue
		}
		if outcome == undisturbed.Outcome || now == rowsAfter && !step.again {
			require.Equal(s, after, s.state(), at) // it was done on another connection, or had happened
			continue
		}
		points.again++
		again := s.work(order)
		require.Empty(s, again.Error, at)
		if now == rows {
			require.Equal(s, undisturbed.Outcome, again.Outcome, at)
		}
		require.Equal(s, after, s.state(), at)
		s.requireInvariants(at + ", and again")
		asBefore = false
	}
}

// killStop is where an operation is stopped, and how it ends then.
type killStop struct {
	statement int
	severs    bool // the server ends its sessions; else it is killed
}

// stops are all statements of an operation where all are asked for, else one by chance. Where there is a server, every
// other one ends by its hand.
func (s *killStage) stops(statements int, random *rand.Rand) (stops []killStop) {
	first, last := 1, statements
	if !*killAll {
		first = 1 + random.IntN(statements)
		last = first
	}
	server := s.database.WorkersDSN() != s.database.DSN
	for n := first; n <= last; n++ {
		stops = append(stops, killStop{n, server && n%2 == 0})
	}
	return stops
}

// work lets a worker do all of an operation.
func (s *killStage) work(order killOrder) killAnswer {
	worker, err := order.start()
	require.NoError(s, err)
	answer, err := worker.goOn()
	require.NoError(s, err)
	require.NoError(s, s.database.WorkersGone())
	return answer
}

// killAt ends an operation at a statement, and tells which that was. outcome is what a worker said whose sessions were severed.
func (s *killStage) killAt(order killOrder, stop killStop, points *killPoints) (outcome, sql string) {
	order.StopAt = stop.statement
	worker, err := order.start()
	require.NoError(s, err)
	stopped, err := worker.hear()
	require.NoError(s, err)
	require.True(s, stopped.Stopped, "%+v: %+v", order, stopped)
	points.kills++
	if !stop.severs {
		require.NoError(s, worker.kill())
		require.NoError(s, s.database.WorkersGone())
		return "", stopped.SQL
	}
	points.severed++
	ended, err := s.database.EndWorkers()
	require.NoError(s, err)
	require.Positive(s, ended, "the worker has a session")
	answer, err := worker.goOn()
	require.NoError(s, err)
	require.NoError(s, s.database.WorkersGone())
	return answer.Outcome, stopped.SQL
}
