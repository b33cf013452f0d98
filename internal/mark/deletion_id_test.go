package mark_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/mark"
)

func TestADeletionIDTellsItsInstantAndTheRootsTable(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("", 3600))
	id := mark.NewDeletionID(at, "users")
	require.Len(t, string(id), mark.DeletionIDLen)
	told, ok := id.At()
	require.True(t, ok)
	require.Equal(t, at.UTC(), told)
	require.True(t, id.RootedIn("users"))
	require.False(t, id.RootedIn("posts"))
	require.NotEqual(t, id, mark.NewDeletionID(at, "users"), "two deletions at one instant")
}

func TestDeletionIDsSortByTime(t *testing.T) {
	var before mark.DeletionID
	for _, at := range []int64{0, 9, 10, 1e9, 1e18, 1<<63 - 1} {
		id := mark.NewDeletionID(time.Unix(0, at), "users")
		require.Less(t, before, id)
		before = id
	}
}

func TestATextThatIsNoDeletionIDHasNoInstant(t *testing.T) {
	id := string(mark.NewDeletionID(time.Unix(0, 1), "users"))
	for _, text := range []string{
		"", "x", id + "0", id[1:], strings.Replace(id, "-", "_", 1), id[:mark.InstantDigits+9] + "_" + id[mark.InstantDigits+10:], "x" + id[1:],
		"9999999999999999999" + id[mark.InstantDigits:],
	} {
		_, ok := mark.DeletionID(text).At()
		require.False(t, ok, "%q", text)
	}
	at, ok := mark.DeletionID(id[:mark.InstantDigits] + mark.HandedOverSuffix).At()
	require.True(t, ok, "that of a mark that was handed over is one")
	require.Equal(t, time.Unix(0, 1).UTC(), at)
}

func TestTheZeroDeletionIDIsNull(t *testing.T) {
	value, err := mark.DeletionID("").Value()
	require.NoError(t, err)
	require.Nil(t, value)
	id := mark.DeletionID("before")
	require.NoError(t, id.Scan(nil))
	require.Zero(t, id)

	value, err = mark.DeletionID("x").Value()
	require.NoError(t, err)
	require.Equal(t, "x", value)
	for _, given := range []any{"x", []byte("x")} {
		require.NoError(t, id.Scan(given))
		require.Equal(t, mark.DeletionID("x"), id)
	}
	require.ErrorContains(t, id.Scan(int64(1)), "int64")
}

func TestActorAndReasonAreThoseOfTheInnermostContext(t *testing.T) {
	require.Empty(t, mark.ActorFrom(t.Context()))
	require.Empty(t, mark.ReasonFrom(t.Context()))
	outer := mark.WithReason(mark.WithActor(t.Context(), "ann"), "spam")
	inner := mark.WithActor(outer, "bob")
	require.Equal(t, []string{"ann", "spam"}, []string{mark.ActorFrom(outer), mark.ReasonFrom(outer)})
	require.Equal(t, []string{"bob", "spam"}, []string{mark.ActorFrom(inner), mark.ReasonFrom(inner)})
}
