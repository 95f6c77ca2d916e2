# Listy. $count to liczba, $schedule to nazwa harmonogramu z daemon.toml.

publications = { $count ->
    [one] { $count } publikacja
    [few] { $count } publikacje
    [many] { $count } publikacji
   *[other] { $count } publikacji
}
new-publications = { $count ->
    [one] { $count } nowa publikacja
    [few] { $count } nowe publikacje
    [many] { $count } nowych publikacji
   *[other] { $count } nowych publikacji
}

# $news to „new” albo „mixed”, kiedy są wśród nich publikacje już kiedyś wysłane.
mail-count = { $news ->
    [new] { new-publications }
   *[mixed] { publications }
}
mail-subject = { mail-count }: { $titles }
mail-intro = { $schedule ->
    [immediate] { mail-count }
    [hourly] Przegląd ostatniej godziny: { mail-count }
    [daily] Przegląd codzienny: { mail-count }
    [weekly] Przegląd tygodniowy: { mail-count }
    [monthly] Przegląd miesięczny: { mail-count }
   *[other] Przegląd: { mail-count }
}
mail-updated = Aktualizacja
mail-archived = To jest wersja archiwalna.
mail-archived-latest = To jest wersja archiwalna. Aktualna strona:
mail-more = { $count ->
    [one] i jeszcze { $count } publikacja
    [few] i jeszcze { $count } publikacje
    [many] i jeszcze { $count } publikacji
   *[other] i jeszcze { $count } publikacji
}
mail-why = Otrzymujesz tę wiadomość, ponieważ Twój adres jest zapisany na powiadomienia serwisu „{ $site }”.
mail-unsubscribe = Rezygnacja z powiadomień
