package policy

// hardStrategy really deletes rows, by the rules of the model.
type hardStrategy struct{ unmarked }

func (hardStrategy) Word() string { return "hard" }

func (hardStrategy) Leaves() bool { return true }

func (b *policyBuilder) settleHard() { b.Strategy = hardStrategy{} }

func (p *Policy) hard() bool { _, ok := p.Strategy.(hardStrategy); return ok }
