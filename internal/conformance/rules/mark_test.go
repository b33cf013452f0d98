package rules_test

import (
	"database/sql"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// The marks of two models may be of different kinds and precisions: each pair here is a parent, its children and its blockers.
type (
	rulN struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Children  []rulNChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers  []rulNBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulNChild struct {
		ID, ParentID uint
		Gone         int64 `softdelete:"timestamp"`
	}
	rulNBlocker rulNChild

	rulO struct {
		ID       uint
		Gone     uint64        `softdelete:"timestamp;unit:ms"`
		Children []rulOChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers []rulOBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulOChild struct {
		ID, ParentID uint
		Gone         *time.Time `gorm:"precision:3" softdelete:"timestamp"`
	}
	rulOBlocker rulOChild

	rulP struct {
		ID         uint
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
		Children   []rulPChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers   []rulPBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulPChild struct {
		ID, ParentID uint
		DeletedAt    gorm.DeletedAt
	}
	rulPBlocker rulPChild

	rulQ struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Children  []rulQChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers  []rulQBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulQChild struct {
		ID, ParentID uint
		Gone         bool `softdelete:"flag"`
		DeletionID   softdelete.DeletionID
	}
	rulQBlocker rulQChild

	rulR struct {
		ID       uint
		Status   string        `softdelete:"status"`
		When     sql.NullTime  `softdelete:"at"`
		Children []rulRChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers []rulRBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulRChild struct {
		ID, ParentID uint
		Status       int `softdelete:"status;deleted:-1;active:1"`
		Was          int `softdelete:"previous"`
		DeletionID   softdelete.DeletionID
	}
	rulRBlocker rulRChild

	rulS struct {
		ID       uint
		Gone     *bool         `softdelete:"flag"`
		When     *time.Time    `softdelete:"at"`
		Children []rulSChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers []rulSBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulSChild struct {
		ID, ParentID uint
		Gone         *int64 `softdelete:"timestamp;unit:ns"`
	}
	rulSBlocker rulSChild

	rulT struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Children   []rulTChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers   []rulTBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulTChild struct {
		ID, ParentID uint
		Gone         uint32 `softdelete:"timestamp"`
	}
	rulTBlocker rulTChild

	rulU struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Children   []rulUChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers   []rulUBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulUChild struct {
		ID, ParentID uint
		Gone         int64                 `softdelete:"timestamp"`
		Taken        softdelete.DeletionID `gorm:"not null;default:''"`
	}
	rulUBlocker rulUChild
)

func TestRulesBetweenMarks(t *testing.T) {
	t.Run("a time over seconds", func(t *testing.T) { rulObeys(t, rulUnder[rulN, rulNChild, rulNBlocker]()) })
	t.Run("milliseconds over a time of milliseconds", func(t *testing.T) { rulObeys(t, rulUnder[rulO, rulOChild, rulOBlocker]()) })
	t.Run("a DeletionID over a time", func(t *testing.T) { rulObeys(t, rulUnder[rulP, rulPChild, rulPBlocker]()) })
	t.Run("a time over a DeletionID", func(t *testing.T) { rulObeys(t, rulUnder[rulQ, rulQChild, rulQBlocker]()) })
	t.Run("statuses with a time and with a DeletionID", func(t *testing.T) { rulObeys(t, rulUnder[rulR, rulRChild, rulRBlocker]()) })
	t.Run("a flag with a time over nanoseconds", func(t *testing.T) { rulObeys(t, rulUnder[rulS, rulSChild, rulSBlocker]()) })
	t.Run("a DeletionID over seconds", func(t *testing.T) { rulObeys(t, rulUnder[rulT, rulTChild, rulTBlocker]()) })
	t.Run("a DeletionID over a DeletionID with seconds", func(t *testing.T) { rulObeys(t, rulUnder[rulU, rulUChild, rulUBlocker]()) })
}
