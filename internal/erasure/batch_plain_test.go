package erasure_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	plainPerson struct {
		ID        uint
		Name      string `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt
		Letters   []plainLetter `gorm:"foreignKey:PersonID" softdelete:"cascade"`
		Orders    []plainOrder  `gorm:"foreignKey:PersonID" softdelete:"cascade"`
	}
	plainLetter struct {
		ID        uint
		PersonID  uint
		Text      string `pii:"null"`
		DeletedAt gorm.DeletedAt
	}
	// plainOrder has no personal data, but who deleted it, and why.
	plainOrder struct {
		ID        uint
		PersonID  uint
		DeletedAt gorm.DeletedAt
		Actor     string `softdelete:"actor"`
		Reason    string `softdelete:"reason"`
	}
)

func TestRowsWithoutPersonalDataAreNoReasonForABatch(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&plainPerson{}, &plainLetter{}, &plainOrder{}}, ErasureBatch: 3})
		for name, letters := range map[string]int{"one batch of work": 1, "several": 8} {
			t.Run(name, func(t *testing.T) {
				person := plainPerson{Name: "canary", Orders: make([]plainOrder, 10)}
				for range letters {
					person.Letters = append(person.Letters, plainLetter{Text: "canary"})
				}
				require.NoError(t, db.Create(&person).Error)
				clerk := softdelete.WithReason(softdelete.WithActor(t.Context(), "canary"), "canary")
				require.NoError(t, db.WithContext(clerk).Delete(&plainOrder{}, "person_id = ? AND id % 2 = 0", person.ID).Error)

				ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // it comes to an end
				defer stop()
				c, err := softdelete.Erase(db.WithContext(ctx), &plainPerson{ID: person.ID}, softdelete.ErasureRequest{})
				require.NoError(t, err)
				masked := map[string]int64{}
				for _, table := range c.Tables {
					masked[table.Table] = table.Masked
				}
				require.Equal(t, map[string]int64{"plain_people": 1, "plain_letters": int64(letters)}, masked)
				require.NotContains(t, fixture.Dump(t, db, &plainPerson{}, &plainLetter{}, &plainOrder{}), "canary")
			})
		}
	})
}
