package softdelete_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	retOrg struct {
		ID         uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
		Users      []retUser `gorm:"foreignKey:OrgID" softdelete:"cascade"`
	}
	retUser struct {
		ID         uint
		OrgID      uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
		Posts      []retPost    `gorm:"foreignKey:UserID" softdelete:"cascade"`
		Payments   []retPayment `gorm:"foreignKey:UserID" softdelete:"keep"`
	}
	retPost struct {
		ID         uint
		UserID     uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
	}
	retPayment struct{ ID, UserID uint }

	// retNote stands alone.
	retNote struct {
		ID        uint
		Region    string
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;tenant:Region"`
	}
	// retClocked counts from a column of its own.
	retClocked struct {
		ID        uint
		ClosedAt  *time.Time
		DeletedAt gorm.DeletedAt `softdelete:"retain:1mo;clock:ClosedAt"`
	}
)

// retNow is the time in these tests.
var retNow = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

// retStage is a database whose clock stands still.
type retStage struct {
	*gorm.DB
	t   *testing.T
	now *time.Time
}

func newRetStage(t *testing.T, database *testdb.Database, config softdelete.Config) *retStage {
	t.Helper()
	now := retNow
	s := &retStage{t: t, now: &now}
	s.DB = database.Open(t, &gorm.Config{NowFunc: func() time.Time { return now }})
	require.NoError(t, s.Use(softdelete.New(config)))
	require.NoError(t, s.AutoMigrate(append(softdelete.Tables(), config.Models...)...))
	return s
}

// retTree is the config of the models that form a tree.
func retTree() softdelete.Config {
	return softdelete.Config{Models: []any{&retOrg{}, &retUser{}, &retPost{}, &retPayment{}}}
}

func (s *retStage) create(rows ...any) {
	s.t.Helper()
	for _, row := range rows {
		require.NoError(s.t, s.Create(row).Error)
	}
}

// deleteAgo deletes a row as if so long ago.
func (s *retStage) deleteAgo(ago time.Duration, row any) {
	s.t.Helper()
	now := *s.now
	*s.now = now.Add(-ago)
	require.NoError(s.t, s.Delete(row).Error)
	*s.now = now
}

// tree makes an organization with two users and two posts each. Its keys begin with its own.
func (s *retStage) tree(org uint) {
	s.t.Helper()
	s.create(&retOrg{ID: org})
	for user := range uint(2) {
		s.create(&retUser{ID: org*10 + user, OrgID: org})
		for post := range uint(2) {
			s.create(&retPost{ID: org*100 + user*10 + post, UserID: org*10 + user})
		}
	}
}

// ids lists the keys of all of a model's rows, the deleted ones too.
func (s *retStage) ids(model any) (ids []uint) {
	s.t.Helper()
	require.NoError(s.t, s.Unscoped().Model(model).Order("id").Pluck("id", &ids).Error)
	return ids
}

// purge purges, and checks first that a rehearsal gives the same numbers and writes nothing.
func (s *retStage) purge(o softdelete.PurgeOptions) softdelete.PurgeReport {
	s.t.Helper()
	recorder := testdb.Record(s.DB)
	rehearsal := o
	rehearsal.DryRun, rehearsal.Progress = true, nil
	foreseen, err := softdelete.Purge(s.DB, rehearsal)
	require.NoError(s.t, err)
	for _, statement := range recorder.Statements() {
		require.Regexp(s.t, "^(SELECT|WITH (RECURSIVE )?.under_hold|PRAGMA)", statement)
		require.NotContains(s.t, statement, "FOR UPDATE")
	}
	done, err := softdelete.Purge(s.DB, o)
	require.NoError(s.t, err)
	for i := range done.Models {
		done.Models[i].ColdBatches = nil
	}
	require.Equal(s.t, foreseen, done, "the rehearsal's numbers")
	return done
}

// of gives the report of a table.
func retReport(t *testing.T, r softdelete.PurgeReport, table string) softdelete.ModelPurge {
	t.Helper()
	for _, m := range r.Models {
		if m.Table == table {
			return m
		}
	}
	require.Fail(t, "no report", table)
	return softdelete.ModelPurge{}
}

const retDay = 24 * time.Hour
