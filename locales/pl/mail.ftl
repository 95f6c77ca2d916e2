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
mail-subject-updated = Aktualizacja: { $title }
mail-intro = { $schedule ->
    [immediate] { mail-count }
    [hourly] Przegląd ostatniej godziny: { mail-count }
    [daily] Przegląd codzienny: { mail-count }
    [weekly] Przegląd tygodniowy: { mail-count }
    [monthly] Przegląd miesięczny: { mail-count }
   *[other] Przegląd: { mail-count }
}
mail-updated = Tę publikację już wysłaliśmy; od tego czasu została zaktualizowana.
mail-note = Co się zmieniło:
mail-archived = Wersja archiwalna
mail-current = Aktualna strona:
mail-read = Przeczytaj całą publikację
mail-other-topics = Inne tematy
mail-language = { $code ->
    [pl] po polsku
    [uk] po ukraińsku
    [en] po angielsku
    [be] po białorusku
    [cs] po czesku
    [de] po niemiecku
    [es] po hiszpańsku
    [fr] po francusku
    [it] po włosku
    [lt] po litewsku
    [ru] po rosyjsku
    [sk] po słowacku
   *[other] język: { $code }
}
mail-more = { $count ->
    [one] i jeszcze { $count } publikacja
    [few] i jeszcze { $count } publikacje
    [many] i jeszcze { $count } publikacji
   *[other] i jeszcze { $count } publikacji
}
mail-often = { $schedule ->
    [immediate] wysyłane zaraz po publikacji
    [hourly] wysyłane raz na godzinę
    [daily] wysyłane raz dziennie
    [weekly] wysyłane raz w tygodniu
    [monthly] wysyłane raz w miesiącu
   *[other] wysyłane jako przegląd
}
mail-why = Otrzymujesz tę wiadomość, ponieważ Twój adres jest zapisany na powiadomienia serwisu „{ $site }”, { mail-often }.
mail-why-topics = Otrzymujesz tę wiadomość, ponieważ Twój adres jest zapisany na powiadomienia serwisu „{ $site }” na tematy: { $topics }; są one { mail-often }.
mail-unsubscribe = Rezygnacja z powiadomień
