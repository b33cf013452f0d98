package strategies_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	stratUser struct {
		StratBase
		State string `softdelete:"status;deleted:gone;active:member;visible:member,guest"`
		Was   string `softdelete:"previous"`
	}
	stratTask struct {
		StratBase
		State int8 `softdelete:"status;deleted:-1;active:0;visible:0,2"`
		Was   *int `softdelete:"previous"`
	}
	stratForgetful struct {
		StratBase
		State string `softdelete:"status;deleted:gone;active:member"`
	}
	stratOdd struct {
		StratBase
		State string `softdelete:"status;deleted:it's 100%;active:'' or 1=1 --;visible:'' or 1=1 --,?,@name,$1,%s"`
		Was   string `softdelete:"previous"`
	}
	stratDesk struct {
		StratBase
		OwnerID uint
		Owner   *stratUser `softdelete:"guard"`
	}
	stratNote struct {
		StratBase
		OwnerID uint
		Owner   *stratUser `softdelete:"lazy"`
	}
)

func stratStateOf(t *testing.T, db *gorm.DB, row any) string {
	t.Helper()
	var state sql.NullString
	require.NoError(t, db.Unscoped().Model(row).Select("state").Row().Scan(&state))
	return state.String
}

func TestAHiddenRowIsNotADeletedOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), &stratUser{}, &stratDesk{}, &stratNote{})
		suspended := stratUser{StratBase: StratBase{Name: "suspended"}, State: "suspended"}
		for _, user := range []*stratUser{
			{StratBase: StratBase{Name: "member"}, State: "member"},
			{StratBase: StratBase{Name: "guest"}, State: "guest"},
			&suspended,
		} {
			require.NoError(t, db.Create(user).Error)
		}
		key := stratUser{StratBase: StratBase{ID: suspended.ID}}

		t.Run("reads show only the visible values", func(t *testing.T) {
			require.Equal(t, []string{"member", "guest"}, stratNames[stratUser](t, db))
			require.ErrorIs(t, db.First(&stratUser{}, suspended.ID).Error, gorm.ErrRecordNotFound)
			require.Equal(t, []string{"member", "guest", "suspended"}, stratNames[stratUser](t, db.Unscoped()))
			require.Equal(t, []string{"member", "guest", "suspended"}, stratNames[stratUser](t, db.Clauses(softdelete.WithDeleted)))
			require.Empty(t, stratNames[stratUser](t, db.Clauses(softdelete.OnlyDeleted)), "hidden, not deleted")
		})
		t.Run("it can be updated by key and by condition", func(t *testing.T) {
			user := key
			for _, update := range []*gorm.DB{
				db.Model(&user).Update("name", "a"),
				db.Model(&stratUser{}).Where("name = ?", "a").Updates(map[string]any{"name": "b"}),
				db.Model(&user).UpdateColumn("name", "c"),
			} {
				require.NoError(t, update.Error)
				require.EqualValues(t, 1, update.RowsAffected)
			}
			user = suspended
			user.Name = "suspended"
			require.NoError(t, db.Save(&user).Error)
			require.Equal(t, []string{"member", "guest", "suspended"}, stratNames[stratUser](t, db.Unscoped()))
			require.Equal(t, "suspended", stratStateOf(t, db, &key))
		})
		t.Run("it is a live parent", func(t *testing.T) {
			require.NoError(t, db.Create(&stratDesk{OwnerID: suspended.ID}).Error, "guard goes by live")
			require.NoError(t, db.Create(&stratNote{StratBase: StratBase{Name: "note"}, OwnerID: suspended.ID}).Error)
			require.Equal(t, []string{"note"}, stratNames[stratNote](t, db), "lazy goes by live")
		})
		t.Run("restoring it does nothing", func(t *testing.T) {
			user := key
			_, err := softdelete.Restore(db, &user)
			require.NoError(t, err)
			require.Equal(t, "suspended", stratStateOf(t, db, &key))
		})
		t.Run("it is deleted, and comes back hidden", func(t *testing.T) {
			user := key
			deletion := db.Delete(&user)
			require.NoError(t, deletion.Error)
			require.EqualValues(t, 1, deletion.RowsAffected)
			require.Equal(t, "gone", stratStateOf(t, db, &key))
			require.Equal(t, []string{"suspended"}, stratNames[stratUser](t, db.Clauses(softdelete.OnlyDeleted)))
			require.Empty(t, stratNames[stratNote](t, db))
			require.ErrorIs(t, db.Create(&stratDesk{OwnerID: suspended.ID}).Error, softdelete.ErrParentDeleted)

			_, err := softdelete.Restore(db, &user)
			require.NoError(t, err)
			require.Equal(t, "suspended", user.State)
			require.Empty(t, user.Was)
			require.Equal(t, "suspended", user.Name)
			require.Equal(t, "suspended", stratStateOf(t, db, &key))
			require.Equal(t, []string{"member", "guest"}, stratNames[stratUser](t, db), "suspended is hidden again")
			require.Equal(t, []string{"note"}, stratNames[stratNote](t, db))
		})
		t.Run("a condition deletes it with the visible ones, and each comes back as it was", func(t *testing.T) {
			deletion := db.Where("id > 0").Delete(&stratUser{})
			require.NoError(t, deletion.Error)
			require.EqualValues(t, 3, deletion.RowsAffected)
			_, err := softdelete.Restore(db.Where("id > 0"), &stratUser{})
			require.NoError(t, err)
			var states []string
			require.NoError(t, db.Unscoped().Model(&stratUser{}).Order("id").Pluck("state", &states).Error)
			require.Equal(t, []string{"member", "guest", "suspended"}, states)
		})
	})
}

func TestRestoredStatus(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), &stratUser{}, &stratTask{}, &stratForgetful{})

		t.Run("an integer status returns to its former value, also to 0", func(t *testing.T) {
			for _, state := range []int8{0, 1, 2, -5} {
				task := stratTask{State: state}
				require.NoError(t, db.Create(&task).Error)
				require.NoError(t, db.Delete(&task).Error)
				require.EqualValues(t, -1, task.State)
				require.NotNil(t, task.Was)
				require.EqualValues(t, state, *task.Was)
				_, err := softdelete.Restore(db, &task)
				require.NoError(t, err)
				require.Equal(t, state, task.State)
				require.Nil(t, task.Was)
			}
			var visible int64
			require.NoError(t, db.Model(&stratTask{}).Count(&visible).Error)
			require.EqualValues(t, 2, visible)
		})
		t.Run("without a previous column it is the active value", func(t *testing.T) {
			row := stratForgetful{State: "guest"}
			require.NoError(t, db.Create(&row).Error)
			require.NoError(t, db.Delete(&row).Error)
			require.Equal(t, "gone", row.State)
			_, err := softdelete.Restore(db, &row)
			require.NoError(t, err)
			require.Equal(t, "member", row.State)
		})
		t.Run("with a former value that nobody kept it is the active value", func(t *testing.T) {
			for _, was := range []any{nil, ""} {
				row := stratUser{State: "guest"}
				require.NoError(t, db.Create(&row).Error)
				require.NoError(t, db.Delete(&row).Error)
				require.NoError(t, db.Table("strat_users").Where("id = ?", row.ID).Update("was", was).Error)
				_, err := softdelete.Restore(db, &row)
				require.NoError(t, err)
				require.Equal(t, "member", row.State)
			}
		})
	})
}

func TestStatusValuesAreOnlyText(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), &stratOdd{})
		states := []string{"'' or 1=1 --", "?", "@name", "$1", "%s"}
		for _, state := range append(states, "hidden") {
			require.NoError(t, db.Create(&stratOdd{StratBase: StratBase{Name: state}, State: state}).Error)
		}
		require.Equal(t, states, stratNames[stratOdd](t, db))
		require.Equal(t, []string{"?"}, stratNames[stratOdd](t, db.Where("name = ?", "?")))
		require.Equal(t, []string{"$1"}, stratNames[stratOdd](t, db.Where("name = @name", map[string]any{"name": "$1"})))

		deletion := db.Where("name <> ?", "hidden").Delete(&stratOdd{})
		require.NoError(t, deletion.Error)
		require.EqualValues(t, len(states), deletion.RowsAffected)
		require.Empty(t, stratNames[stratOdd](t, db))
		var written []string
		require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Model(&stratOdd{}).Distinct().Pluck("state", &written).Error)
		require.Equal(t, []string{"it's 100%"}, written)

		require.NoError(t, db.Table("strat_odds").Where("name = ?", "?").Update("was", nil).Error)
		_, err := softdelete.Restore(db.Where("name <> ?", "hidden"), &stratOdd{})
		require.NoError(t, err)
		var back []string
		require.NoError(t, db.Model(&stratOdd{}).Order("id").Pluck("state", &back).Error)
		require.Equal(t, []string{states[0], states[0], states[2], states[3], states[4]}, back)
	})
}
