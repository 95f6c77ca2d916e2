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
mail-subject-updated = Updated: { $title }
mail-intro = { $schedule ->
    [immediate] { mail-count }
    [hourly] Hourly digest: { mail-count }
    [daily] Daily digest: { mail-count }
    [weekly] Weekly digest: { mail-count }
    [monthly] Monthly digest: { mail-count }
   *[other] Digest: { mail-count }
}
mail-updated = This publication was sent before and has been updated since.
mail-note = What has changed:
mail-archived = Archived version
mail-current = The current page:
mail-read = Read the whole publication
mail-other-topics = Other topics
mail-language = { $code ->
    [pl] in Polish
    [uk] in Ukrainian
    [en] in English
    [be] in Belarusian
    [cs] in Czech
    [de] in German
    [es] in Spanish
    [fr] in French
    [it] in Italian
    [lt] in Lithuanian
    [ru] in Russian
    [sk] in Slovak
   *[other] language: { $code }
}
mail-more = { $count ->
    [one] and { $count } more publication
   *[other] and { $count } more publications
}
mail-often = { $schedule ->
    [immediate] sent as they are published
    [hourly] sent once an hour
    [daily] sent once a day
    [weekly] sent once a week
    [monthly] sent once a month
   *[other] sent as a digest
}
mail-why = You get this message because your address is subscribed to updates from { $site }, { mail-often }.
mail-why-topics = You get this message because your address is subscribed to updates from { $site } on { $topics }, { mail-often }.
mail-unsubscribe = Unsubscribe
