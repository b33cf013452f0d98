package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// crowdGuest is removed by an erasure, crowdMember masked.
	crowdGuest struct {
		_         struct{} `pii:"delete"`
		ID        uint
		CreatedAt time.Time
		Name      string
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
		Stays     []crowdStay    `gorm:"foreignKey:GuestID" softdelete:"cascade"`
	}
	crowdMember struct {
		ID        uint
		CreatedAt time.Time
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
		Stays     []crowdStay    `gorm:"foreignKey:MemberID" softdelete:"cascade"`
	}
	crowdStay struct {
		ID        uint
		GuestID   *uint
		MemberID  *uint
		Room      string         `pii:"zero"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
		Meals     []crowdMeal    `gorm:"foreignKey:StayID" softdelete:"cascade"`
	}
	crowdMeal struct {
		_         struct{} `pii:"delete"`
		ID        uint
		StayID    uint
		Wish      string
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	// crowdBill stays in the database.
	crowdBill struct {
		ID       uint
		GuestID  *uint  `pii:"subject:crowdGuest"`
		MemberID *uint  `pii:"subject:crowdMember"`
		Payer    string `pii:"zero"`
	}
)

// crowd is many persons whose rows are in cold storage, but for a bill each.
type crowd struct {
	*fixture.Stage
	dir   string
	calls *coldCalls
	// A person is erased at each stride of an erasure's steps, with a failure there; the last one of the crowd is left alone. When
	// all others are erased, the crowd is taken back.
	size   uint
	stride int
}

// The crowd's keys begin at crowdFirst, so that no count is one of them.
const crowdFirst = 101

func newCrowd(t *testing.T, database *testdb.Database, config softdelete.Config) *crowd {
	t.Helper()
	store, dir := fixture.ColdDir(t)
	c := &crowd{dir: dir, calls: &coldCalls{ColdRewriter: store.(softdelete.ColdRewriter)}, size: 10, stride: 4}
	if testdb.Long() {
		c.stride = 1
	}
	config.Models = crowdModels()
	config.ColdStore, config.Ledger = c.calls, true
	c.Stage = fixture.NewStage(t, database, config)
	var guests []crowdGuest
	var members []crowdMember
	var bills []crowdBill
	for n := range c.size {
		id := n + crowdFirst
		word := fmt.Sprintf("canary%d.", id)
		stay := func(id uint) []crowdStay {
			return []crowdStay{{ID: id, Room: word, Meals: []crowdMeal{{ID: id, Wish: word}}}}
		}
		guests = append(guests, crowdGuest{ID: id, Name: word, Stays: stay(id)})
		bills = append(bills, crowdBill{ID: id, GuestID: &id, Payer: word}, crowdBill{ID: 1000 + id, MemberID: &id, Payer: word})
		members = append(members, crowdMember{ID: id, Name: word, Stays: stay(1000 + id)})
	}
	c.Add(&guests, &members, &bills)
	now := *c.Now
	*c.Now = now.Add(-40 * fixture.Day)
	actor := c.WithContext(softdelete.WithActor(t.Context(), "by a person"))
	for id := range c.size {
		require.NoError(t, actor.Delete(&crowdGuest{ID: id + crowdFirst}).Error)
		require.NoError(t, actor.Delete(&crowdMember{ID: id + crowdFirst}).Error)
	}
	*c.Now = now
	_, err := softdelete.Purge(c.DB, softdelete.PurgeOptions{Batch: 1000})
	require.NoError(t, err)
	for _, model := range []any{&crowdGuest{}, &crowdMember{}, &crowdStay{}, &crowdMeal{}} {
		require.Empty(t, c.IDs(model))
	}
	return c
}

func crowdModels() []any {
	return []any{&crowdGuest{}, &crowdMember{}, &crowdStay{}, &crowdMeal{}, &crowdBill{}}
}

// keep returns what makes the crowd, its cold rows and the plugin's tables what they are now.
func (c *crowd) keep(t *testing.T) (takeBack func()) {
	t.Helper()
	var tables []string
	for _, model := range append(crowdModels(), softdelete.Tables()...) {
		tables = append(tables, fixture.Table(t, c.DB, model))
	}
	rows, files := fixture.Keep(t, c.DB, tables), fixture.KeepFiles(t, c.dir)
	return func() {
		t.Helper()
		rows()
		files()
	}
}

// erase erases one of the crowd.
func (c *crowd) erase(subject any, request string) (*softdelete.Certificate, error) {
	return softdelete.Erase(c.DB, subject, softdelete.ErasureRequest{ID: request})
}

// state is what there is of a person, without their key and their request's ID.
func (c *crowd) state(id uint, request string) string {
	c.T.Helper()
	var lines []string
	for _, line := range coldContent(c.T, c.dir) {
		if strings.Contains(line, `"`+request+"#") {
			lines = append(lines, line)
		}
	}
	for _, table := range []string{"softdelete_certificates", "softdelete_erased_rows", "softdelete_erasure_progress"} {
		var n int64
		require.NoError(c.T, c.Table(table).Where("request_id = ?", request).Count(&n).Error)
		lines = append(lines, fmt.Sprint(table, " ", n))
	}
	var bills, named int64
	require.NoError(c.T, c.Model(&crowdBill{}).Where("id IN (?, ?) AND payer = ?", id, 1000+id, fmt.Sprintf("canary%d.", id)).Count(&bills).Error)
	require.NoError(c.T, c.Table("softdelete_deletions").Where(clause.Eq{Column: "key", Value: fmt.Sprint(id)}).Where("actor <> ''").Count(&named).Error)
	text := strings.ReplaceAll(strings.Join(append(lines, fmt.Sprint(bills, " bills, ", named, " actors")), "\n"), request, "REQUEST")
	for _, key := range []uint{1000 + id, id} {
		text = regexp.MustCompile(fmt.Sprintf(`\b%d\b`, key)).ReplaceAllString(text, "KEY")
	}
	text = regexp.MustCompile(`"deleted_at":\{[^}]*\}`).ReplaceAllString(text, "DELETED")
	return text
}

// coldCalls is a store that fails at one call, before or after it is done.
type coldCalls struct {
	softdelete.ColdRewriter
	made, at int
	after    bool
}

func coldCall[T any](s *coldCalls, do func() (T, error)) (T, error) {
	if s.made++; s.made != s.at {
		return do()
	}
	var none T
	if s.after {
		_, err := do()
		return none, errors.Join(err, errCold)
	}
	return none, errCold
}

func (s *coldCalls) Batches(ctx context.Context, table string) ([]string, error) {
	return coldCall(s, func() ([]string, error) { return s.ColdRewriter.Batches(ctx, table) })
}

func (s *coldCalls) Get(ctx context.Context, id string) (softdelete.ColdBatch, error) {
	return coldCall(s, func() (softdelete.ColdBatch, error) { return s.ColdRewriter.Get(ctx, id) })
}

func (s *coldCalls) Replace(ctx context.Context, b softdelete.ColdBatch) error {
	_, err := coldCall(s, func() (struct{}, error) { return struct{}{}, s.ColdRewriter.Replace(ctx, b) })
	return err
}

func crowdMasked(id uint) any  { return &crowdMember{ID: id} }
func crowdRemoved(id uint) any { return &crowdGuest{ID: id} }

// crowdFailures are the kinds of subject and of failure.
var crowdFailures = []struct {
	fact    string
	subject func(id uint) any
	after   bool // what fails has been done
}{
	{"a subject that is masked, failures before", crowdMasked, false},
	{"a subject that is removed, failures after", crowdRemoved, true},
}

// inStep erases a person undisturbed, and then others, each with a failure some steps later, and asks the same again. Whatever
// stopped the first call, the second one's end is that of the person who was not disturbed.
func (c *crowd) inStep(t *testing.T, subject func(uint) any, fail func(n int) (clear func(), more func() bool)) {
	t.Helper()
	want, err := c.erase(subject(crowdFirst), "first.")
	require.NoError(t, err)
	for _, table := range want.Tables {
		if strings.HasSuffix(table.Table, " (cold storage)") {
			require.EqualValues(t, 1, table.Masked+table.Deleted, table.Table)
		}
	}
	require.GreaterOrEqual(t, len(want.Tables), 4)
	state := c.state(crowdFirst, "first.")
	others := func() (lines []string) {
		return coldWith(coldContent(t, c.dir), fmt.Sprintf("canary%d.", crowdFirst+c.size-1))
	}
	bystander := others()
	require.NotEmpty(t, bystander)
	failures, takeBack := 0, c.keep(t)
	for n, id := 1, uint(crowdFirst+1); ; n, id = n+c.stride, id+1 {
		require.Less(t, n, 1000, "an erasure has no end")
		if id == crowdFirst+c.size-1 {
			require.NoError(t, softdelete.VerifyCertificates(c.DB))
			require.Equal(t, bystander, others())
			takeBack()
			id = crowdFirst + 1
		}
		request := fmt.Sprintf("step-%d.", n)
		clear, more := fail(n)
		certificate, err := c.erase(subject(id), request)
		reached := more()
		clear()
		testdb.NothingLeft(t, c.DB)
		if err != nil {
			failures++
			certificate, err = c.erase(subject(id), request)
		}
		require.NoError(t, err, "step %d", n)
		require.Equal(t, want.Tables, certificate.Tables, "step %d", n)
		require.Equal(t, want.Notes, certificate.Notes, "step %d", n)
		require.Equal(t, state, c.state(id, request), "step %d", n)
		again, err := c.erase(subject(id), request)
		require.NoError(t, err)
		require.Equal(t, certificate, again)
		if !reached {
			break
		}
	}
	require.Greater(t, failures, 5)
	require.Equal(t, bystander, others(), "rows of others are byte for byte what they were")
	require.NoError(t, softdelete.VerifyCertificates(c.DB))
}

func TestAnErasureInColdStorageSurvivesAFailureOfTheStoreAtEveryCall(t *testing.T) {
	for _, failure := range crowdFailures {
		t.Run(failure.fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				c := newCrowd(t, database, softdelete.Config{})
				c.inStep(t, failure.subject, func(n int) (func(), func() bool) {
					c.calls.made, c.calls.at, c.calls.after = 0, n, failure.after
					return func() { c.calls.at = 0 }, func() bool { return c.calls.made >= n }
				})
			})
		})
	}
}

func TestAnErasureInColdStorageSurvivesAFailureOfTheDatabaseAtEveryStatement(t *testing.T) {
	for _, failure := range crowdFailures {
		t.Run(failure.fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				c := newCrowd(t, database, softdelete.Config{})
				faults := testdb.Inject(c.DB)
				broken := errors.New("broken")
				c.inStep(t, failure.subject, func(n int) (func(), func() bool) {
					if failure.after {
						faults.FailAfter(n, broken)
					} else {
						faults.FailAt(n, broken)
					}
					return faults.Reset, func() bool { return faults.Count() >= n }
				})
			})
		})
	}
}

func TestAnErasureInBatchesSurvivesFailuresOfTheStore(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		c := newCrowd(t, database, softdelete.Config{ErasureBatch: 1})
		for id := range c.size { // two rows of each in the database, and two transactions
			id := id + crowdFirst
			c.Add(&crowdBill{ID: 2000 + id, MemberID: &id, Payer: "of " + fmt.Sprintf("canary%d.", id)})
		}
		c.inStep(t, crowdMasked, func(n int) (func(), func() bool) {
			c.calls.made, c.calls.at, c.calls.after = 0, 2*n, true
			return func() { c.calls.at = 0 }, func() bool { return c.calls.made >= 2*n }
		})
	})
}

func TestAnErasureThatTheCallerRollsBackIsFinishedByTheSameRequest(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		c := newCrowd(t, database, softdelete.Config{})
		for request, subject := range map[string]func(uint) any{"masked": crowdMasked, "removed": crowdRemoved} {
			want, err := c.erase(subject(crowdFirst), "first-"+request)
			require.NoError(t, err)
			broken := errors.New("changed my mind")
			require.ErrorIs(t, c.Transaction(func(tx *gorm.DB) error {
				_, err := softdelete.Erase(tx, subject(crowdFirst+1), softdelete.ErasureRequest{ID: request})
				require.NoError(t, err)
				return broken
			}), broken)
			certificates, err := softdelete.Certificates(c.DB)
			require.NoError(t, err)
			require.False(t, slices.ContainsFunc(certificates, func(c softdelete.Certificate) bool { return c.RequestID == request }))
			certificate, err := c.erase(subject(crowdFirst+1), request)
			require.NoError(t, err)
			require.Equal(t, want.Tables, certificate.Tables)
		}
	})
}

func TestAnotherRequestTakesOverWhatOneThatStoppedHasMasked(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		c := newCrowd(t, database, softdelete.Config{})
		subject := crowdMasked
		want, err := c.erase(subject(crowdFirst), "first")
		require.NoError(t, err)
		faults := testdb.Inject(c.DB)
		faults.OnStatement(func(_ int, sql string) error {
			if strings.HasPrefix(sql, "COMMIT") {
				return errors.New("broken")
			}
			return nil
		})
		_, err = c.erase(subject(crowdFirst+1), "stopped")
		require.Error(t, err)
		faults.Reset()
		testdb.NothingLeft(t, c.DB)
		require.NotEmpty(t, coldWith(coldContent(t, c.dir), "stopped#0"))
		certificate, err := c.erase(subject(crowdFirst+1), "second")
		require.NoError(t, err)
		for _, table := range want.Tables {
			if !strings.HasPrefix(table.Table, "crowd_meals") { // of rows that are removed nothing says whose they were
				require.Contains(t, certificate.Tables, table)
			}
		}
		third, err := c.erase(subject(crowdFirst+1), "third")
		require.NoError(t, err)
		require.Empty(t, third.Tables)
	})
}
