package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// reply hides while the reply that it answers is deleted, in whichever table both stand.
type reply struct {
	ID        uint
	AnswersID *uint
	Answers   *reply `gorm:"constraint:-" softdelete:"lazy"`
	DeletedAt gorm.DeletedAt
}

// sealedReply is the same with an archive.
type sealedReply struct {
	_         struct{} `softdelete:"archive"`
	ID        uint
	AnswersID *uint
	Answers   *sealedReply `gorm:"constraint:-" softdelete:"lazy"`
}

func TestRowsHideByTheRowsOfTheTableThatTheStatementNames(t *testing.T) {
	t.Run("timestamp", func(t *testing.T) { checkReplies[reply](t, "replies") })
	t.Run("archive", func(t *testing.T) { checkReplies[sealedReply](t, "sealed_replies") })
}

func checkReplies[R any](t *testing.T, own string) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{new(R)})
		require.NoError(t, db.Table("copied").AutoMigrate(new(R)))
		for _, table := range []string{own, "copied"} {
			for id, answers := range map[int]any{1: nil, 2: 1, 3: nil, 4: 3} {
				require.NoError(t, db.Exec("INSERT INTO "+table+" (id, answers_id) VALUES (?, ?)", id, answers).Error)
			}
		}
		require.NoError(t, db.Delete(new(R), 1).Error)
		require.NoError(t, db.Table("copied").Delete(new(R), 3).Error)
		ids := func(query *gorm.DB) (list []int) {
			t.Helper()
			require.NoError(t, query.Order("id").Pluck("id", &list).Error)
			return list
		}
		require.Equal(t, []int{3, 4}, ids(db.Model(new(R))))
		for _, named := range []string{"copied", "copied AS c", "copied AS " + db.Statement.Quote("the copy")} {
			require.Equal(t, []int{1, 2}, ids(db.Table(named).Model(new(R))), named)
			require.Equal(t, []int{2}, ids(db.Table(named).Model(new(R)).Where("id = 2").Or("id = 4")), named)
			require.Equal(t, []int{1, 2}, ids(db.Clauses(softdelete.WithDeletedIn("Answers")).Table(named).Model(new(R))), named)
			var count int64
			require.NoError(t, db.Table(named).Model(new(R)).Count(&count).Error)
			require.EqualValues(t, 2, count, named)
		}
		for _, named := range []string{own, own + " AS r"} {
			require.Equal(t, []int{3, 4}, ids(db.Table(named).Model(new(R))), named)
		}
		require.Equal(t, []int{1, 2}, ids(db.Table("(?) AS t", db.Table("copied").Model(new(R)))))
	})
}
