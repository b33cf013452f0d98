package tag_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/tag"
)

func TestAnUnknownWordIsAnsweredWithTheKnownOnes(t *testing.T) {
	for text, answer := range map[string]string{
		"casacde":       `unknown setting "casacde" (did you mean "cascade"?); known are block, cascade, keep`,
		"restrict":      `unknown setting "restrict"; known are block, cascade, keep`,
		"gaurd":         `unknown setting "gaurd" (did you mean "guard"?); known are block, cascade, keep`,
		"block,cascade": `unknown setting "block,cascade": settings are separated by ";", as in block;cascade`,
		"cascade, keep": `unknown setting "cascade, keep": settings are separated by ";", as in cascade;keep`,
		"cascade guard": `unknown setting "cascade guard": settings are separated by ";", as in cascade;guard`,
		"block,casacde": `unknown setting "block,casacde"; known are block, cascade, keep`,
	} {
		_, problems := tag.ParseTag(text, tag.OnHas)
		require.Equal(t, []string{answer}, problems, text)
	}
}
