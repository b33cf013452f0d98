package erasure_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	coldPerson struct {
		ID        uint
		CreatedAt time.Time
		Name      string         `pii:"fixed:-"`
		Mail      string         `gorm:"unique" pii:"template:gone-{id}-{random}@example.invalid"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
		Trips     []coldTrip     `gorm:"foreignKey:PersonID" softdelete:"cascade"`
	}
	coldTrip struct {
		ID        uint
		PersonID  uint
		CreatedAt time.Time
		Goal      *string    `pii:"null"`
		Guide     string     `pii:"func:constant"`
		Login     string     `pii:"random"`
		Code      string     `pii:"hmac"`
		Began     *time.Time `pii:"truncate:year"`
		IP        string     `pii:"truncate:ip"`
		Profile   string     `pii:"json:$.name"`
		Title     string
		Actor     string         `softdelete:"actor" pii:"-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
		Stops     []coldStop     `gorm:"polymorphic:Owner" softdelete:"cascade"`
	}
	coldStop struct {
		_         struct{} `pii:"delete"`
		ID        uint
		OwnerID   uint
		OwnerType string
		Place     string
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	// coldVisit has no relation: it stays in the database.
	coldVisit struct {
		ID      uint
		Visitor uint   `pii:"subject:coldPerson"`
		Text    string `pii:"zero"`
	}
)

// coldPeople has a canary and a bystander, with all of their rows but a visit each in cold storage.
func coldPeople(t *testing.T, database *testdb.Database, store softdelete.ColdStore) *fixture.Stage {
	t.Helper()
	s := fixture.NewStage(t, database, softdelete.Config{
		Models: []any{&coldPerson{}, &coldTrip{}, &coldStop{}, &coldVisit{}}, ColdStore: store,
		Maskers: map[string]softdelete.Masker{"constant": func(context.Context, any) (any, error) { return "someone", nil }},
	})
	for id, word := range []string{"canary", "bystander"} {
		id := uint(id) + 1
		goal, began := word+" goal", time.Date(2001, 5, 6, 7, 8, 9, 0, time.UTC)
		trip := func(n uint) coldTrip {
			return coldTrip{
				ID: id*10 + n, Goal: &goal, Guide: word + " guide", Login: "login-" + word, Code: "code-" + word, Began: &began,
				IP: "192.0.2.77", Profile: `{"name":"` + word + ` name","n":1}`, Title: "a trip",
				Stops: []coldStop{{ID: id*10 + n, Place: word + " place"}},
			}
		}
		s.Add(&coldPerson{ID: id, Name: word + " Person", Mail: word + "@mail.test", Trips: []coldTrip{trip(1), trip(2)}})
		s.Add(&coldVisit{ID: id, Visitor: id, Text: word + " visit"})
	}
	actor := s.DB
	s.DB = s.WithContext(softdelete.WithActor(t.Context(), "by canary"))
	for id := range uint(2) {
		s.DeleteAgo(40*fixture.Day, &coldPerson{ID: id + 1})
	}
	s.DB = actor
	_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
	require.NoError(t, err)
	require.Empty(t, s.IDs(&coldTrip{}))
	require.Empty(t, s.IDs(&coldPerson{}))
	return s
}

// coldContent is what is in a store's files, by table, unpacked; a line a row.
func coldContent(t *testing.T, dir string) (lines []string) {
	t.Helper()
	for _, name := range fixture.Files(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		if strings.HasSuffix(name, ".gz") {
			reader, err := gzip.NewReader(bytes.NewReader(data))
			require.NoError(t, err)
			data, err = io.ReadAll(reader)
			require.NoError(t, err)
			for _, line := range strings.SplitAfter(string(data), "\n") {
				if line != "" {
					lines = append(lines, line)
				}
			}
			continue
		}
		require.NotContains(t, string(data), "canary")
	}
	return lines
}

func coldWith(lines []string, word string) (found []string) {
	for _, line := range lines {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}

// coldIDs are the batches of a table.
func coldIDs(t *testing.T, store softdelete.ColdStore, table string) []string {
	t.Helper()
	ids, err := store.(softdelete.ColdRewriter).Batches(t.Context(), table)
	require.NoError(t, err)
	require.NotEmpty(t, ids)
	return ids
}

func TestErasureReachesColdStorage(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		before := coldContent(t, dir)
		require.NotEmpty(t, coldWith(before, "canary Person"))
		plan, err := softdelete.PreviewErasure(s.DB, &coldPerson{ID: 1})
		require.NoError(t, err)
		require.Equal(t, before, coldContent(t, dir), "a preview writes nothing")

		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.Equal(t, plan.Tables, certificate.Tables)
		require.Equal(t, map[string][2]int64{
			"cold_visits": {1, 0}, "cold_people (cold storage)": {1, 0}, "cold_trips (cold storage)": {2, 0}, "cold_stops (cold storage)": {0, 2},
		}, erasedCounts(certificate.Tables))
		require.NotContains(t, certificate.Text(), "thaw them")
		require.NotContains(t, certificate.Text(), "canary")
		require.NoError(t, softdelete.VerifyCertificates(s.DB))

		after := coldContent(t, dir)
		for _, line := range after { // who has deleted the bystander's rows stays
			require.False(t, strings.Contains(line, "canary") && !strings.Contains(line, "bystander"), line)
		}
		require.Equal(t, coldWith(before, "bystander"), coldWith(after, "bystander"), "rows of others are byte for byte what they were")
		require.Len(t, after, len(before))
		require.Equal(t, 2, len(coldWith(after, `,"softdelete_erased_by":"r#0","softdelete_removed":true}`)), "of removed rows their keys stay")

		second, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, second.Tables)
		require.Equal(t, after, coldContent(t, dir))

		for _, table := range []string{"cold_people", "cold_trips", "cold_stops"} {
			for _, id := range coldIDs(t, store, table) {
				_, err := softdelete.Thaw(s.DB, id)
				require.NoError(t, err, table)
			}
		}
		var person coldPerson
		require.NoError(t, s.Preload("Trips.Stops").First(&person, 1).Error)
		require.Equal(t, "-", person.Name)
		require.Regexp(t, `^gone-1-[0-9a-f]+@example\.invalid$`, person.Mail)
		require.Len(t, person.Trips, 2)
		for _, trip := range person.Trips {
			require.Nil(t, trip.Goal)
			require.Equal(t, "someone", trip.Guide)
			require.Equal(t, time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), trip.Began.UTC())
			require.Equal(t, "192.0.2.0", trip.IP)
			require.JSONEq(t, `{"name":null,"n":1}`, trip.Profile)
			require.Equal(t, "a trip", trip.Title)
			require.Empty(t, trip.Stops)
			require.ErrorIs(t, s.Model(&coldTrip{ID: trip.ID}).Update("goal", "canary").Error, softdelete.ErrErased)
		}
		require.ErrorIs(t, s.Model(&coldPerson{ID: 1}).Update("name", "canary").Error, softdelete.ErrErased)
		require.NoError(t, s.Model(&coldPerson{ID: 2}).Update("name", "new").Error)
	})
}

func TestErasureReachesCopiesInColdStorageOfRowsThatWereThawed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		for _, id := range coldIDs(t, store, "cold_people") {
			_, err := softdelete.Thaw(s.DB, id)
			require.NoError(t, err)
		}
		_, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, coldWith(coldContent(t, dir), "canary Person"))
		require.Empty(t, coldWith(coldContent(t, dir), "canary goal"))
	})
}

// coldRewriteFailing stops at a Replace, before or after it is done.
type coldRewriteFailing struct {
	softdelete.ColdRewriter
	at    int
	after bool
}

var errCold = errors.New("the disk is full")

func (s *coldRewriteFailing) Replace(ctx context.Context, b softdelete.ColdBatch) error {
	s.at--
	if s.at != 0 {
		return s.ColdRewriter.Replace(ctx, b)
	}
	if s.after {
		return errors.Join(s.ColdRewriter.Replace(ctx, b), errCold)
	}
	return errCold
}

func TestErasureOfColdStorageThatStopsIsFinishedByARetry(t *testing.T) {
	for at := 1; at <= 3; at++ {
		for _, after := range []bool{false, true} {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				store, dir := fixture.ColdDir(t)
				failing := &coldRewriteFailing{ColdRewriter: store.(softdelete.ColdRewriter), at: at, after: after}
				s := coldPeople(t, database, failing)
				_, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{ID: "r"})
				require.ErrorIs(t, err, errCold)
				require.ErrorContains(t, err, "request r is not finished: rows in cold storage may be masked already; call Erase with the same request ID to go on")
				require.ErrorContains(t, err, "the database is as it was")
				var visit coldVisit
				require.NoError(t, s.First(&visit, 1).Error)
				require.Equal(t, "canary visit", visit.Text, "nothing is committed")
				certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{ID: "r"})
				require.NoError(t, err)
				require.Contains(t, certificate.Text(), "Table cold_trips (cold storage): 2 rows masked")
				for _, line := range coldContent(t, dir) {
					require.False(t, strings.Contains(line, "canary") && !strings.Contains(line, "bystander"), line)
				}
			})
		}
	}
}

func TestErasureRefusesAnOldValueInAnotherColumnOfColdStorage(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		id := coldIDs(t, store, "cold_trips")[0]
		batch, err := store.Get(t.Context(), id)
		require.NoError(t, err)
		batch.Rows[0]["title"] = "with Canary Person"
		require.NoError(t, store.(softdelete.ColdRewriter).Replace(t.Context(), batch))
		before := coldContent(t, dir)
		_, err = softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "1 row in cold storage of table cold_trips, column title")
		require.NotContains(t, strings.ToLower(err.Error()), "canary")
		require.Equal(t, before, coldContent(t, dir))
	})
}

// coldReadOnly is a store that cannot rewrite.
type coldReadOnly struct{ softdelete.ColdStore }

func TestACertificateSaysWhatColdStorageKeeps(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := coldPeople(t, database, coldReadOnly{store})
		_, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		s.Add(&coldPerson{ID: 3, Name: "canary"})
		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 3}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Contains(t, certificate.Text(), "Note: rows of cold_people, cold_stops, cold_trips that a purge wrote to cold storage are not erased; thaw them and erase again\n")
	})
}

func TestReplaceLeavesNoOldFileBehind(t *testing.T) {
	store, dir := fixture.ColdDir(t)
	rewriter := store.(softdelete.ColdRewriter)
	batch := softdelete.ColdBatch{ID: "t-1", Model: "T", Table: "t", Rows: []map[string]any{{"id": int64(1), "name": "canary"}}}
	require.NoError(t, store.Put(t.Context(), batch))
	batch.Rows[0]["name"] = "-"
	leftover := filepath.Join(dir, "t-1.0123456789abcdef.jsonl.gz")
	require.NoError(t, os.WriteFile(leftover, nil, 0o600))
	for range 2 {
		require.NoError(t, rewriter.Replace(t.Context(), batch))
		stored, err := store.Get(t.Context(), "t-1")
		require.NoError(t, err)
		require.Equal(t, batch, stored)
		require.Empty(t, coldWith(coldContent(t, dir), "canary"))
		require.Len(t, fixture.Files(t, dir), 2)
	}
	ids, err := rewriter.Batches(t.Context(), "t")
	require.NoError(t, err)
	require.Equal(t, []string{"t-1"}, ids)
	require.Error(t, rewriter.Replace(t.Context(), softdelete.ColdBatch{ID: "unknown"}))
}

// coldReads counts how often each batch is read.
type coldReads struct {
	softdelete.ColdRewriter
	reads map[string]int
}

func (s *coldReads) Get(ctx context.Context, id string) (softdelete.ColdBatch, error) {
	s.reads[id]++
	return s.ColdRewriter.Get(ctx, id)
}

func TestAnErasureReadsABatchOfOthersTwiceAtMost(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		reads := &coldReads{store.(softdelete.ColdRewriter), map[string]int{}}
		s := coldPeople(t, database, reads)
		for _, table := range coldTables {
			batch, err := store.Get(t.Context(), coldIDs(t, store, table)[0])
			require.NoError(t, err)
			batch.ID, batch.Rows = table+"-a", batch.Rows[len(batch.Rows)-1:] // the bystander's
			require.NoError(t, store.Put(t.Context(), batch))
		}
		clear(reads.reads)
		_, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Equal(t, 2, reads.reads["cold_people-a"], "once for the subject and once for the rows")
		require.Equal(t, 1, reads.reads["cold_trips-a"])
		require.Equal(t, 1, reads.reads["cold_stops-a"])
	})
}

func TestErasureOfColumnsInColdStorageThatTheModelDoesNotHave(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&crowdMember{}, &crowdStay{}, &crowdMeal{}}, ColdStore: store})
		require.NoError(t, s.Exec("ALTER TABLE crowd_members ADD COLUMN lost text").Error)
		require.NoError(t, s.Exec("ALTER TABLE crowd_members ADD COLUMN strange text DEFAULT 'outside' NOT NULL").Error)
		s.Add(&crowdMember{ID: 1, Name: "canary", DeletedAt: gorm.DeletedAt{Time: s.Now.Add(-40 * fixture.Day), Valid: true}})
		require.NoError(t, s.Exec("UPDATE crowd_members SET lost = 'canary'").Error)
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.NoError(t, s.Exec("ALTER TABLE crowd_members DROP COLUMN lost").Error)
		_, err = softdelete.Erase(s.DB, &crowdMember{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		lines := coldWith(coldContent(t, dir), `"strange":"outside"`)
		require.Len(t, lines, 1, "a column of the table alone is left, as in the table")
		require.Contains(t, lines[0], `"lost":null`, "one that neither has is not")
	})
}

func TestACertificateCountsFilesThatAWriteMayNotHaveFinished(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".writing-1"), nil, 0o600))
		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Contains(t, certificate.Text(), "Note: not erased: 1 file of the cold store that no manifest names;")
	})
}

func TestRowsWhoseManifestIsLostStay(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		lost := coldIDs(t, store, "cold_trips")[0]
		manifest := filepath.Join(dir, lost+".json")
		description, err := os.ReadFile(manifest)
		require.NoError(t, err)
		require.NoError(t, os.Remove(manifest))
		before := fixture.Files(t, dir)
		for _, name := range before {
			long := time.Now().Add(-24 * time.Hour)
			require.NoError(t, os.Chtimes(filepath.Join(dir, name), long, long))
		}
		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Contains(t, fixture.Files(t, dir), lost+".jsonl.gz")
		require.Contains(t, certificate.Text(), "Note: not erased: 1 file of the cold store that no manifest names;")
		require.NoError(t, os.WriteFile(manifest, description, 0o600))
		_, err = store.Get(t.Context(), lost)
		require.NoError(t, err, "a manifest that is found again has its rows")
	})
}
