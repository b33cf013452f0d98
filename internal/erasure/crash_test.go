//go:build unix

package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	crashPerson struct {
		ID        uint
		CreatedAt time.Time
		Name      string `pii:"fixed:[erased]"`
		Email     string `gorm:"uniqueIndex" pii:"template:gone-{id}"`
		Profile   string `pii:"json:$.name"`
		DeletedAt gorm.DeletedAt
		Notes     []crashNote  `gorm:"foreignKey:PersonID" softdelete:"cascade"`
		Visits    []crashVisit `gorm:"foreignKey:PersonID"`
	}
	crashNote struct {
		ID        uint
		PersonID  uint
		Text      string `pii:"null"`
		DeletedAt gorm.DeletedAt
	}
	crashVisit struct {
		_        struct{} `pii:"delete"`
		ID       uint
		PersonID uint
		Page     string
	}
)

// crashLogger ends the process once so many statements have been executed.
type crashLogger struct {
	logger.Interface
	left *atomic.Int64
}

func (l crashLogger) LogMode(logger.LogLevel) logger.Interface { return l }

func (l crashLogger) Trace(context.Context, time.Time, func() (string, int64), error) {
	if l.left.Add(-1) == 0 {
		crashNow()
	}
}

func crashNow() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until the signal arrives
}

// crashLedger ends the process before or after its n-th entry.
type crashLedger struct {
	softdelete.ErasureLedger
	before, after int
}

func (l *crashLedger) Append(ctx context.Context, e softdelete.LedgerEntry) error {
	if l.before--; l.before == 0 {
		crashNow()
	}
	err := l.ErasureLedger.Append(ctx, e)
	if l.after--; l.after == 0 {
		crashNow()
	}
	return err
}

func crashConfig(ledger softdelete.ErasureLedger, batch int) softdelete.Config {
	return softdelete.Config{
		ErasureBatch: batch,
		Models:       []any{&crashPerson{}, &crashNote{}, &crashVisit{}}, ErasureLedger: ledger, Ledger: true,
		Processors: []softdelete.Processor{fixture.NewParty("party", 0)},
	}
}

// TestMain lets a process that the crash test has started do what it was started for, instead of the tests.
func TestMain(m *testing.M) {
	if os.Getenv("SOFTDELETE_CRASH_DSN") == "" {
		testdb.Main(m)
		return
	}
	if err := eraseUntilKilled(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// eraseUntilKilled is what the crash test starts in a process of its own, and what ends by SIGKILL.
func eraseUntilKilled() error {
	var failed error
	number := func(name string) int {
		n, err := strconv.Atoi(os.Getenv("SOFTDELETE_CRASH_" + name))
		failed = errors.Join(failed, err)
		return n
	}
	file, err := softdelete.FileLedger(os.Getenv("SOFTDELETE_CRASH_LEDGER"))
	ledger := &crashLedger{ErasureLedger: file, before: number("BEFORE"), after: number("AFTER")}
	statement, batch, person := number("STATEMENT"), number("BATCH"), number("PERSON")
	if err := errors.Join(failed, err); err != nil {
		return err
	}
	var left atomic.Int64
	db, pool, err := testdb.OpenWorker(os.Getenv("SOFTDELETE_CRASH_KIND"), os.Getenv("SOFTDELETE_CRASH_DSN"),
		&gorm.Config{Logger: crashLogger{Interface: logger.Discard, left: &left}})
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := db.Use(softdelete.New(crashConfig(ledger, batch))); err != nil {
		return err
	}
	left.Store(int64(statement))
	_, err = softdelete.Erase(db, &crashPerson{ID: uint(person)}, softdelete.ErasureRequest{ID: fmt.Sprintf("r%d", person)})
	return err
}

func TestAnErasureSurvivesAKillAtEveryStep(t *testing.T) {
	for name, batch := range map[string]int{"in one transaction": 0, "in batches of two rows": 2} {
		t.Run(name, func(t *testing.T) { crashErasures(t, batch) })
	}
}

func crashErasures(t *testing.T, batch int) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		path := filepath.Join(t.TempDir(), "ledger")
		ledger, err := softdelete.FileLedger(path)
		require.NoError(t, err)
		db := fixture.Open(t, database, crashConfig(ledger, batch))
		person := func() uint {
			p := crashPerson{
				Name: "canary", Profile: `{"name":"canary"}`, Notes: []crashNote{{Text: "canary 1"}, {Text: "canary 2"}}, Visits: []crashVisit{{Page: "/"}},
			}
			p.Email = fmt.Sprint("canary ", time.Now().UnixNano())
			require.NoError(t, db.Create(&p).Error)
			return p.ID
		}
		// state is what an erasure leaves, without keys and times.
		state := func(id uint) string {
			var p crashPerson
			require.NoError(t, db.Unscoped().First(&p, id).Error)
			var notes []crashNote
			require.NoError(t, db.Unscoped().Where("person_id = ?", id).Find(&notes).Error)
			var visits, outbox, deletions, erased int64
			require.NoError(t, db.Model(&crashVisit{}).Where("person_id = ?", id).Count(&visits).Error)
			require.NoError(t, db.Table("softdelete_erasure_outbox").Where("request_id = ?", fmt.Sprint("r", id)).Count(&outbox).Error)
			require.NoError(t, db.Table("softdelete_deletions").Where(clause.Eq{Column: "key", Value: fmt.Sprint(id)}).Count(&deletions).Error)
			require.NoError(t, db.Table("softdelete_erased_rows").Where("request_id = ?", fmt.Sprint("r", id)).Count(&erased).Error)
			entries, err := ledger.Entries(t.Context())
			require.NoError(t, err)
			done := 0
			for _, e := range entries {
				if e.Done && e.RequestID == fmt.Sprint("r", id) {
					done++
				}
			}
			text := fmt.Sprint(p.Name, p.Email == fmt.Sprint("gone-", id), p.Profile, p.DeletedAt.Valid, visits, outbox, deletions, erased, done)
			for _, note := range notes {
				text += fmt.Sprint(note.Text, note.DeletedAt.Valid)
			}
			return text
		}
		undisturbed := person()
		statements := testdb.Record(db)
		certificate, err := softdelete.Erase(db, &crashPerson{ID: undisturbed}, softdelete.ErasureRequest{ID: fmt.Sprint("r", undisturbed)})
		require.NoError(t, err)
		steps := len(statements.Statements())
		want := state(undisturbed)
		require.NotContains(t, want, "canary")

		type crash struct{ statement, before, after int }
		crashes := []crash{{before: 1}, {after: 1}, {before: 2}, {after: 2}}
		points := fixture.Rounds(20)
		for i := range points {
			crashes = append(crashes, crash{statement: 1 + i*max(1, steps-4)/points})
		}
		killed := 0
		for _, c := range crashes {
			id := person()
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(),
				"SOFTDELETE_CRASH_DSN="+database.DSN, "SOFTDELETE_CRASH_KIND="+database.Name, "SOFTDELETE_CRASH_LEDGER="+path,
				fmt.Sprint("SOFTDELETE_CRASH_BATCH=", batch), fmt.Sprint("SOFTDELETE_CRASH_PERSON=", id), fmt.Sprint("SOFTDELETE_CRASH_STATEMENT=", c.statement),
				fmt.Sprint("SOFTDELETE_CRASH_BEFORE=", c.before), fmt.Sprint("SOFTDELETE_CRASH_AFTER=", c.after))
			output, err := child.CombinedOutput()
			if status, ok := child.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
				require.Equal(t, syscall.SIGKILL, status.Signal())
				killed++
			} else {
				require.NoError(t, err, string(output))
			}
			testdb.NothingLeft(t, db)
			again, err := softdelete.Erase(db, &crashPerson{ID: id}, softdelete.ErasureRequest{ID: fmt.Sprint("r", id)})
			require.NoError(t, err)
			require.Equal(t, certificate.Tables, again.Tables, "%+v", c)
			require.Equal(t, certificate.Notes, again.Notes)
			require.Equal(t, want, state(id), "%+v", c)
		}
		require.GreaterOrEqual(t, killed, points)
		require.NoError(t, softdelete.VerifyCertificates(db))
		certificates, err := softdelete.Certificates(db)
		require.NoError(t, err)
		require.Len(t, certificates, 1+len(crashes))
		var unfinished int64
		require.NoError(t, db.Table("softdelete_erasure_progress").Count(&unfinished).Error)
		require.Zero(t, unfinished)
	})
}

func TestAWriteDuringAnErasureBringsNothingBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&crashPerson{}, &crashNote{}, &crashVisit{}}})
		for i := range 12 {
			p := crashPerson{Name: "canary", Email: fmt.Sprint("canary", i), Notes: []crashNote{{Text: "canary"}}}
			require.NoError(t, db.Create(&p).Error)
			stale := p
			var wait sync.WaitGroup
			writes := make([]error, 3)
			var erasure error
			wait.Go(func() { _, erasure = softdelete.Erase(db, &crashPerson{ID: p.ID}, softdelete.ErasureRequest{}) })
			wait.Go(func() {
				writes[0] = db.Model(&crashNote{}).Where("person_id = ?", p.ID).Update("text", "canary again").Error
			})
			wait.Go(func() { writes[1] = db.Omit("Notes", "Visits").Save(&stale).Error })
			wait.Go(func() {
				writes[2] = db.Model(&crashPerson{}).Where("email = ?", p.Email).Update("name", "canary again").Error
			})
			wait.Wait()
			require.NoError(t, erasure)
			for _, err := range writes {
				var undone *mysql.MySQLError
				if errors.As(err, &undone) && undone.Number == 1213 {
					continue // a deadlock, of which MySQL lets the erasure go on, since it has written more
				}
				if err != nil {
					require.ErrorIs(t, err, softdelete.ErrErased)
				}
			}
			require.NotContains(t, fixture.Dump(t, db, &crashPerson{}, &crashNote{}), "canary")
		}
	})
}
