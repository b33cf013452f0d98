package rules_test

import (
	"database/sql"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// The marks of two models may be of different kinds and precisions: a parent has one, its children and blockers another.
type (
	rulMarkedParent[P, C any] struct {
		ID       uint
		Mark     P                     `gorm:"embedded"`
		Children []rulMarkedChild[C]   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Blockers []rulMarkedBlocker[C] `gorm:"foreignKey:ParentID" softdelete:"block"`
	}
	rulMarkedChild[C any] struct {
		ID, ParentID uint
		Mark         C `gorm:"embedded"`
	}
	rulMarkedBlocker[C any] struct {
		ID, ParentID uint
		Mark         C `gorm:"embedded"`
	}
)

// GORM would name the tables after the instances of the types.
func (rulMarkedParent[P, C]) TableName() string { return "rul_marked_parents" }
func (rulMarkedChild[C]) TableName() string     { return "rul_marked_children" }
func (rulMarkedBlocker[C]) TableName() string   { return "rul_marked_blockers" }

type (
	rulTime      struct{ DeletedAt gorm.DeletedAt }
	rulMilliTime struct {
		Gone *time.Time `gorm:"precision:3" softdelete:"timestamp"`
	}
	rulSeconds struct {
		Gone int64 `softdelete:"timestamp"`
	}
	rulSmallSeconds struct {
		Gone uint32 `softdelete:"timestamp"`
	}
	rulMillis struct {
		Gone uint64 `softdelete:"timestamp;unit:ms"`
	}
	rulNanos struct {
		Gone *int64 `softdelete:"timestamp;unit:ns"`
	}
	rulTimeWithID struct {
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	rulFlagWithID struct {
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
	}
	rulFlagWithTime struct {
		Gone *bool      `softdelete:"flag"`
		When *time.Time `softdelete:"at"`
	}
	rulStatusWithTime struct {
		Status string       `softdelete:"status"`
		When   sql.NullTime `softdelete:"at"`
	}
	rulStatusWithID struct {
		Status     int `softdelete:"status;deleted:-1;active:1"`
		Was        int `softdelete:"previous"`
		DeletionID softdelete.DeletionID
	}
	rulSecondsWithID struct {
		Gone  int64                 `softdelete:"timestamp"`
		Taken softdelete.DeletionID `gorm:"not null;default:''"`
	}
)

func rulObeysMarked[P, C any](t *testing.T) {
	rulObeys(t, rulUnder[rulMarkedParent[P, C], rulMarkedChild[C], rulMarkedBlocker[C]]())
}

func TestRulesBetweenMarks(t *testing.T) {
	t.Run("a time over seconds", rulObeysMarked[rulTime, rulSeconds])
	t.Run("milliseconds over a time of milliseconds", rulObeysMarked[rulMillis, rulMilliTime])
	t.Run("a DeletionID over a time", rulObeysMarked[rulFlagWithID, rulTime])
	t.Run("a time over a DeletionID", rulObeysMarked[rulTime, rulFlagWithID])
	t.Run("statuses with a time and with a DeletionID", rulObeysMarked[rulStatusWithTime, rulStatusWithID])
	t.Run("a flag with a time over nanoseconds", rulObeysMarked[rulFlagWithTime, rulNanos])
	t.Run("a DeletionID over seconds", rulObeysMarked[rulTimeWithID, rulSmallSeconds])
	t.Run("a DeletionID over a DeletionID with seconds", rulObeysMarked[rulTimeWithID, rulSecondsWithID])
}
