"""Stage conditions: what a stage asks before it is entered, after it succeeded, after it failed.

`declared` says which definitions are refused, `providers` which rules there are, `checking` how a
condition is checked and what follows; each other module performs the rules of one provider.

Sources: CodePipeline user guide, "stage-conditions" (what a condition is, which result may follow
where), "rule-reference" (each rule's configuration), "stage-retry" (one automatic retry).
"""
