package erasure_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	batchPerson struct {
		ID        uint
		Name      string `pii:"fixed:-"`
		Hint      string
		DeletedAt gorm.DeletedAt
		Threads   []batchThread `gorm:"foreignKey:PersonID" softdelete:"cascade"`
	}
	// batchThread is removed, and is the only way to its messages.
	batchThread struct {
		_         struct{} `pii:"delete"`
		ID        uint
		PersonID  uint
		DeletedAt gorm.DeletedAt
		Messages  []batchMessage `gorm:"foreignKey:ThreadID;constraint:-" softdelete:"cascade"`
	}
	batchMessage struct {
		ID        uint
		ThreadID  uint
		Text      string         `pii:"func:blank"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
)

// batchConfig erases so many rows at once; the masker fails at its n-th call, 0 for never.
func batchConfig(batch int, failsAt *int) softdelete.Config {
	return softdelete.Config{
		Models: []any{&batchPerson{}, &batchThread{}, &batchMessage{}}, ErasureBatch: batch,
		Maskers: map[string]softdelete.Masker{"blank": func(context.Context, any) (any, error) {
			if *failsAt--; *failsAt == 0 {
				return nil, fixture.Err
			}
			return "", nil
		}},
	}
}

func batchSubject(t *testing.T, db *gorm.DB, word string) *batchPerson {
	t.Helper()
	p := &batchPerson{Name: word + " name", Hint: "none"}
	for i := range 5 {
		thread := batchThread{}
		for j := range 4 {
			thread.Messages = append(thread.Messages, batchMessage{Text: fmt.Sprintf("%s %d %d", word, i, j)})
		}
		p.Threads = append(p.Threads, thread)
	}
	require.NoError(t, db.Create(p).Error)
	return p
}

func TestASubjectLargerThanABatch(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		failsAt := 0
		db := fixture.Open(t, database, batchConfig(4, &failsAt))
		other := batchSubject(t, db, "somebody")
		models := batchConfig(0, nil).Models
		untouched := fixture.Dump(t, db, models...)
		p := batchSubject(t, db, "canary")
		require.NoError(t, db.Delete(&p.Threads[0]).Error)
		dump := func() string {
			var events []struct{ Text, Type string }
			require.NoError(t, db.Table("batch_messages_events").Select("type, "+fixture.Text(db, "data")+" AS text").Order("id").Find(&events).Error)
			return fixture.Dump(t, db, models...) + fmt.Sprint(events)
		}
		plan, err := softdelete.PreviewErasure(db, p)
		require.NoError(t, err)

		t.Run("what would stop a later batch is found before the first", func(t *testing.T) {
			require.NoError(t, db.Model(&batchPerson{ID: p.ID}).UpdateColumn("hint", "as in canary 3 2").Error)
			before := dump()
			_, err := softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "column hint")
			require.Equal(t, before, dump())
			require.NoError(t, db.Model(&batchPerson{ID: p.ID}).UpdateColumn("hint", "none").Error)
		})
		t.Run("an error between batches keeps those that are done", func(t *testing.T) {
			failsAt = 11
			_, err := softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "request r is not finished: 2 of its transactions are committed")
			require.NotContains(t, err.Error(), "canary")
			require.Contains(t, dump(), "canary")
			var left int64
			require.NoError(t, db.Unscoped().Model(&batchMessage{}).Where("text = ''").Count(&left).Error)
			require.EqualValues(t, 8, left)
			certificates, err := softdelete.Certificates(db)
			require.NoError(t, err)
			require.Empty(t, certificates)
			var subject batchPerson
			require.NoError(t, db.First(&subject, p.ID).Error, "the subject's own row goes last")
			require.Equal(t, "canary name", subject.Name)
		})
		t.Run("the request is that subject's", func(t *testing.T) {
			_, err := softdelete.Erase(db, &batchPerson{ID: other.ID}, softdelete.ErasureRequest{ID: "r"})
			require.ErrorIs(t, err, softdelete.ErrRequest)
		})
		t.Run("rows that are done stay erased", func(t *testing.T) {
			last := p.Threads[4].Messages[3]
			require.ErrorIs(t, db.Save(&last).Error, softdelete.ErrErased)
		})
		t.Run("the same request goes on, with rows that came meanwhile", func(t *testing.T) {
			require.NoError(t, db.Create(&batchMessage{ThreadID: p.Threads[1].ID, Text: "canary again"}).Error)
			certificate, err := softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
			require.NotContains(t, dump(), "canary")
			require.Contains(t, certificate.Text(), "Note: the rows were erased in 7 transactions, each read back before its commit\n")
			require.Equal(t, map[string][2]int64{
				"batch_people": {1, 0}, "batch_threads": {0, 5}, "batch_messages": {21, 0}, "batch_messages_events": {25, 0},
			}, erasedCounts(certificate.Tables))
			require.Len(t, plan.Tables, len(certificate.Tables))
			require.NoError(t, softdelete.VerifyCertificates(db))
			again, err := softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
			require.Equal(t, certificate.Hash, again.Hash)
			require.ErrorIs(t, db.First(&batchPerson{}, p.ID).Error, gorm.ErrRecordNotFound)
		})
		t.Run("rows of others are as they were", func(t *testing.T) {
			require.NoError(t, db.Unscoped().Where("person_id <> ?", other.ID).Delete(&batchThread{}).Error)
			require.NoError(t, db.Unscoped().Where("text = ''").Delete(&batchMessage{}).Error)
			require.NoError(t, db.Unscoped().Where("id <> ?", other.ID).Delete(&batchPerson{}).Error)
			require.Equal(t, untouched, fixture.Dump(t, db, models...))
		})
	})
}

func TestBatchesInsideATransactionOfTheCallers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		failsAt := 0
		db := fixture.Open(t, database, batchConfig(4, &failsAt))
		p := batchSubject(t, db, "canary")
		models := batchConfig(0, nil).Models
		before := fixture.Dump(t, db, models...)
		err := db.Transaction(func(tx *gorm.DB) error {
			_, err := softdelete.Erase(tx, p, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
			require.NotContains(t, fixture.Dump(t, tx, models...), "canary")
			return fixture.Err
		})
		require.ErrorIs(t, err, fixture.Err)
		require.Equal(t, before, fixture.Dump(t, db, models...))
	})
}
