package erasure_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	movedOwner struct {
		ID      uint
		Name    string        `pii:"fixed:-"`
		Threads []movedThread `gorm:"foreignKey:OwnerID"`
	}
	movedThread struct {
		ID       uint
		OwnerID  uint
		Title    string         `pii:"fixed:-"`
		Messages []movedMessage `gorm:"foreignKey:ThreadID"`
	}
	movedMessage struct {
		ID        uint
		ThreadID  uint
		Text      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
)

// afterFirstBatch lets the database execute statements with the commit of an erasure's first batch.
func afterFirstBatch(t *testing.T, db *gorm.DB, database *testdb.Database, statements string) {
	t.Helper()
	if database.Name == "postgres" {
		fixture.Exec(t, db, "CREATE FUNCTION after_first_batch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "+statements+" RETURN NULL; END $$",
			"CREATE TRIGGER after_first_batch AFTER INSERT ON softdelete_erasure_progress FOR EACH ROW EXECUTE FUNCTION after_first_batch()")
		return
	}
	each := map[string]string{"mysql": "FOR EACH ROW "}
	fixture.Exec(t, db, "CREATE TRIGGER after_first_batch AFTER INSERT ON softdelete_erasure_progress "+each[database.Name]+"BEGIN "+statements+" END")
}

func TestRowsThatLeaveAPersonBetweenTwoBatchesAreLeftAlone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&movedOwner{}, &movedThread{}, &movedMessage{}}, ErasureBatch: 4})
		owners := []movedOwner{{ID: 1, Name: "canary"}, {ID: 2, Name: "other", Threads: []movedThread{{ID: 100, Title: "other"}}}}
		message := uint(0)
		for thread := range uint(6) {
			of := movedThread{ID: thread + 1, Title: fmt.Sprint("canary ", thread)}
			for range 3 {
				message++
				of.Messages = append(of.Messages, movedMessage{ID: message, Text: fmt.Sprint("canary ", message)})
			}
			owners[0].Threads = append(owners[0].Threads, of)
		}
		require.NoError(t, db.Create(&owners).Error)
		afterFirstBatch(t, db, database, `UPDATE moved_messages SET thread_id = 100 WHERE id = 1; UPDATE moved_threads SET owner_id = 2 WHERE id = 2;
			DELETE FROM moved_messages WHERE id = 9; INSERT INTO moved_messages (id, thread_id, text) VALUES (50, 3, 'canary new');`)

		certificate, err := softdelete.Erase(db, &movedOwner{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		var kept []uint
		require.NoError(t, db.Model(&movedMessage{}).Where("text LIKE 'canary%'").Order("id").Pluck("id", &kept).Error)
		require.Equal(t, []uint{1, 4, 5, 6}, kept, "another's by now")
		require.NoError(t, db.Model(&movedThread{}).Where("title <> '-'").Order("id").Pluck("id", &kept).Error)
		require.Equal(t, []uint{2, 100}, kept)
		counts := erasedCounts(certificate.Tables)
		require.Equal(t, [2]int64{14, 0}, counts["moved_messages"], "with one that has come meanwhile")
		require.Equal(t, [2]int64{5, 0}, counts["moved_threads"])
		require.Equal(t, [2]int64{1, 0}, counts["moved_owners"])
		require.NotContains(t, fixture.Dump(t, db, &movedOwner{}), "canary")
		again, err := softdelete.Erase(db, &movedOwner{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, again.Tables)
	})
}

// TestAValueThatComesBetweenTwoBatchesIsFoundByTheLast: no certificate says that nothing is left.
func TestAValueThatComesBetweenTwoBatchesIsFoundByTheLast(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		failsAt := 0
		db := fixture.Open(t, database, batchConfig(4, &failsAt))
		p := batchSubject(t, db, "canary")
		afterFirstBatch(t, db, database, "UPDATE batch_people SET hint = 'as in canary 4 3';")
		_, err := softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "column hint")
		require.ErrorContains(t, err, "request r is not finished")
		list, err := softdelete.Certificates(db)
		require.NoError(t, err)
		require.Empty(t, list)
	})
}
