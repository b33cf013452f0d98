package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// line prints an indented line.
func line(out io.Writer, format string, args ...any) {
	fmt.Fprintf(out, "   "+format+"\n", args...)
}

func printEffects(out io.Writer, effects []softdelete.Effect) {
	for _, e := range effects {
		line(out, "  %-8s  %d in %s", e.Action, e.Rows, e.Table)
	}
}

func printBlockers(out io.Writer, blockers []softdelete.Blocker) {
	for _, b := range blockers {
		line(out, "  %d live rows in %s (relation %s, keys %s)", b.Rows, b.Table, b.Relation, strings.Join(b.Keys, ", "))
	}
}

// printState shows every row of Ann's, live or deleted.
func printState(db *gorm.DB, out io.Writer) error {
	var ann User
	inOrder := func(db *gorm.DB) *gorm.DB { return db.Order("id") }
	err := db.Clauses(softdelete.WithDeleted).Preload("Posts", inOrder).Preload("Posts.Comments", inOrder).Preload("Payments").First(&ann, "name = ?", "Ann").Error
	if err != nil {
		return err
	}
	line(out, "  %-9s %s", "user", withState(ann.Name, ann.DeletedAt.Valid))
	for _, post := range ann.Posts {
		line(out, "  %-9s %s", "post", withState(post.Title, post.DeletedAt.Valid))
		for _, comment := range post.Comments {
			line(out, "  %-9s %s", "comment", withState(comment.Text, comment.Deleted))
		}
	}
	line(out, "  %-9s %d, which nothing deletes", "payments", len(ann.Payments))
	return nil
}

func withState(text string, deleted bool) string {
	return fmt.Sprintf("%-14s %s", text, state(deleted))
}

func state(deleted bool) string {
	if deleted {
		return "deleted"
	}
	return "live"
}

func date(t *time.Time) string {
	if t == nil {
		return "no"
	}
	return t.UTC().Format(time.DateOnly)
}
