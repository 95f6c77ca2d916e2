# Letters. $count is a number; $schedule is a schedule's name from daemon.toml.

publications = { $count ->
    [one] { $count } publication
   *[other] { $count } publications
}
new-publications = { $count ->
    [one] { $count } new publication
   *[other] { $count } new publications
}

# $news is "new", or "mixed" when publications that were mailed before are among them.
mail-count = { $news ->
    [new] { new-publications }
   *[mixed] { publications }
}
mail-subject = { mail-count }: { $titles }
mail-intro = { $schedule ->
    [immediate] { mail-count }
    [hourly] Hourly digest: { mail-count }
    [daily] Daily digest: { mail-count }
    [weekly] Weekly digest: { mail-count }
    [monthly] Monthly digest: { mail-count }
   *[other] Digest: { mail-count }
}
mail-updated = Updated
mail-archived = This is an archived version.
mail-archived-latest = This is an archived version. The current page:
mail-more = { $count ->
    [one] and { $count } more publication
   *[other] and { $count } more publications
}
mail-why = You get this message because your address is subscribed to updates from { $site }.
mail-unsubscribe = Unsubscribe
