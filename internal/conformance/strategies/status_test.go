package strategies_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type strState string

func TestStatusStrategy(t *testing.T) {
	type Default struct {
		StrRow
		Status string `softdelete:"status"`
	}
	t.Run("string, default values", func(t *testing.T) { strMarksIn[Default](t, "status", "", "deleted") })
	t.Run("string, NULL is live", func(t *testing.T) { strNullIsLive[Default](t, "status") })
	type Named struct {
		StrRow
		Status strState `softdelete:"status;deleted:gone;active:on"`
		Was    strState `softdelete:"previous"`
	}
	t.Run("a named string type", func(t *testing.T) { strMarksIn[Named](t, "status", "", "gone") })
	type Pointer struct {
		StrRow
		Status *string `softdelete:"status;deleted:gone"`
		Was    *string `softdelete:"previous"`
	}
	t.Run("*string", func(t *testing.T) { strMarksIn[Pointer](t, "status", "NULL", "gone") })
	t.Run("*string, NULL is live", func(t *testing.T) { strNullIsLive[Pointer](t, "status") })
	type NullString struct {
		StrRow
		Status sql.NullString `softdelete:"status;deleted:gone"`
	}
	t.Run("sql.NullString", func(t *testing.T) { strMarksIn[NullString](t, "status", "NULL", "gone") })
	type NotNull struct {
		StrRow
		Status string `gorm:"not null;size:20;default:new" softdelete:"status"`
		Was    string `gorm:"not null" softdelete:"previous"`
	}
	t.Run("string NOT NULL", func(t *testing.T) { strMarksIn[NotNull](t, "status", "new", "deleted") })
	type Int struct {
		StrRow
		Status int `softdelete:"status;deleted:-1;active:1"`
		Was    int `softdelete:"previous"`
	}
	t.Run("int", func(t *testing.T) { strMarksIn[Int](t, "status", "0", "-1") })
	t.Run("int, NULL is live", func(t *testing.T) { strNullIsLive[Int](t, "status") })
	type Unsigned struct {
		StrRow
		Status uint8 `gorm:"not null" softdelete:"status;deleted:200;active:1"`
	}
	t.Run("uint8 NOT NULL", func(t *testing.T) { strMarksIn[Unsigned](t, "status", "0", "200") })
	type Odd struct {
		StrRow
		Status string `softdelete:"status;deleted:it's 100% \"gone\" -- ?;active:o'n%s"`
	}
	t.Run("values with quotes, percent signs and placeholders", func(t *testing.T) {
		strMarksIn[Odd](t, "status", "", `it's 100% "gone" -- ?`)
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := strOpen(t, database, &Odd{})
			row := Odd{StrRow: StrRow{ID: 1}}
			require.NoError(t, db.Create(&row).Error)
			require.NoError(t, db.Delete(&row).Error)
			_, err := softdelete.Restore(db, &row)
			require.NoError(t, err)
			require.Equal(t, "o'n%s", row.Status)
			require.NoError(t, db.Where("name = ?", "").First(&Odd{}).Error, "with bound values beside it")
		})
	})
}

func TestStatusGoesBackToTheFormerValue(t *testing.T) {
	type Article struct {
		ID     uint
		Status string `softdelete:"status;deleted:gone;active:draft"`
		Was    string `softdelete:"previous"`
	}
	type Counted struct {
		ID     uint
		Status *int `softdelete:"status;deleted:9;active:1"`
		Was    *int `softdelete:"previous"`
	}
	type Forgetful struct {
		ID     uint
		Status string `softdelete:"status;deleted:gone;active:draft"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, &Article{}, &Counted{}, &Forgetful{})

		t.Run("the field previous keeps it", func(t *testing.T) {
			article := Article{ID: 1, Status: "published"}
			require.NoError(t, db.Create(&article).Error)
			require.NoError(t, db.Delete(&article).Error)
			require.Equal(t, Article{ID: 1, Status: "gone", Was: "published"}, article)
			_, err := softdelete.Restore(db, &article)
			require.NoError(t, err)
			require.Equal(t, Article{ID: 1, Status: "published"}, article)
			require.Equal(t, "NULL", strRaw[Article](t, db, "was", 1))
		})

		t.Run("of every row, where one deletion takes several", func(t *testing.T) {
			require.NoError(t, db.Create(&[]Article{{ID: 10, Status: "a"}, {ID: 11, Status: "b"}}).Error)
			require.NoError(t, db.Delete(&Article{}, []uint{10, 11}).Error)
			_, err := softdelete.Restore(db.Where("id >= 10"), &Article{})
			require.NoError(t, err)
			require.Equal(t, "a", strRaw[Article](t, db, "status", 10))
			require.Equal(t, "b", strRaw[Article](t, db, "status", 11))
		})

		t.Run("an integer, 0 too", func(t *testing.T) {
			zero := 0
			row := Counted{ID: 1, Status: &zero}
			require.NoError(t, db.Create(&row).Error)
			require.NoError(t, db.Delete(&row).Error)
			require.Equal(t, 9, *row.Status)
			require.Equal(t, 0, *row.Was)
			_, err := softdelete.Restore(db, &row)
			require.NoError(t, err)
			require.Equal(t, 0, *row.Status)
			require.Nil(t, row.Was)
		})

		t.Run("unknown, it is active", func(t *testing.T) {
			row := Forgetful{ID: 1, Status: "published"}
			require.NoError(t, db.Create(&row).Error)
			require.NoError(t, db.Delete(&row).Error)
			_, err := softdelete.Restore(db, &row)
			require.NoError(t, err)
			require.Equal(t, "draft", row.Status)

			require.NoError(t, db.Exec("INSERT INTO articles (id, status) VALUES (20, 'gone')").Error)
			article := Article{ID: 20}
			_, err = softdelete.Restore(db, &article)
			require.NoError(t, err)
			require.Equal(t, "draft", article.Status, "a row that was deleted before the model had a field for it")
		})

		t.Run("a cascade keeps each row's own", func(t *testing.T) {
			// See TestRuleCascade for the cascade itself.
			require.NoError(t, db.Create(&[]Article{{ID: 30, Status: ""}}).Error)
			require.NoError(t, db.Delete(&Article{ID: 30}).Error)
			_, err := softdelete.Restore(db, &Article{ID: 30})
			require.NoError(t, err)
			require.Equal(t, []uint{1, 10, 11, 20, 30}, strKeys[Article](t, db))
		})
	})
}

// strMember is hidden while suspended, and deleted when it has left.
type strMember struct {
	ID         uint
	Name       string `gorm:"uniqueIndex"`
	TeamID     uint
	Status     string `softdelete:"status;deleted:left;visible:here,away"`
	Was        string `softdelete:"previous"`
	DeletionID softdelete.DeletionID
	Badges     []strBadge `gorm:"foreignKey:MemberID"`
}

type strTeam struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Members   []strMember `gorm:"foreignKey:TeamID" softdelete:"block"`
}

type strBadge struct {
	ID       uint
	MemberID uint
	Member   *strMember `softdelete:"guard;lazy"`
}

func TestVisibleIsNotLive(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, &strTeam{}, &strMember{}, &strBadge{})
		require.NoError(t, db.Create(&strTeam{ID: 1}).Error)
		require.NoError(t, db.Create(&[]strMember{
			{ID: 1, Name: "a", TeamID: 1, Status: "here"}, {ID: 2, Name: "b", TeamID: 1, Status: "suspended"},
		}).Error)
		require.NoError(t, db.Create(&strMember{ID: 3, Name: "c", TeamID: 1}).Error)
		require.NoError(t, db.Exec("UPDATE str_members SET status = NULL WHERE id = 3").Error)

		t.Run("ordinary reads return the listed values only", func(t *testing.T) {
			require.Equal(t, []uint{1}, strKeys[strMember](t, db))
			require.ErrorIs(t, db.First(&strMember{}, 2).Error, gorm.ErrRecordNotFound)
			require.Equal(t, []uint{1, 2, 3}, strKeys[strMember](t, db.Clauses(softdelete.WithDeleted)))
			require.Empty(t, strKeys[strMember](t, db.Clauses(softdelete.OnlyDeleted)), "hidden is not deleted")
			var team strTeam
			require.NoError(t, db.Preload("Members").First(&team).Error)
			require.Len(t, team.Members, 1)
		})

		t.Run("a hidden row can be updated", func(t *testing.T) {
			tx := db.Model(&strMember{ID: 2}).Update("name", "bb")
			require.NoError(t, tx.Error)
			require.EqualValues(t, 1, tx.RowsAffected)
		})

		t.Run("a hidden row keeps its unique value", func(t *testing.T) {
			require.Error(t, db.Create(&strMember{ID: 9, Name: "bb", TeamID: 1, Status: "here"}).Error)
		})

		t.Run("a hidden parent hides no lazy row and guards none", func(t *testing.T) {
			require.NoError(t, db.Create(&strBadge{ID: 1, MemberID: 2}).Error)
			require.Equal(t, []uint{1}, strKeys[strBadge](t, db))
		})

		t.Run("a hidden row blocks", func(t *testing.T) {
			require.NoError(t, db.Delete(&strMember{ID: 1}).Error)
			err := db.Delete(&strTeam{ID: 1}).Error
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, err, &blocked)
			require.Equal(t, []softdelete.Blocker{{Table: "str_members", Relation: "Members", Rows: 2, Keys: []string{"2", "3"}}}, blocked.Blockers)
		})

		t.Run("a hidden row is deleted and restored to what it was", func(t *testing.T) {
			member := strMember{ID: 2}
			require.EqualValues(t, 1, db.Delete(&member).RowsAffected)
			require.Empty(t, strKeys[strBadge](t, db), "its badge hides with it now")
			require.ErrorIs(t, db.Create(&strBadge{ID: 2, MemberID: 2}).Error, softdelete.ErrParentDeleted)
			_, err := softdelete.Restore(db, &member)
			require.NoError(t, err)
			require.Equal(t, "suspended", member.Status)
			require.Equal(t, []uint{1}, strKeys[strBadge](t, db))
		})
	})
}
