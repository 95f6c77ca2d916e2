# Листи. $count — число, $schedule — назва розкладу з daemon.toml.

publications = { $count ->
    [one] { $count } публікація
    [few] { $count } публікації
    [many] { $count } публікацій
   *[other] { $count } публікації
}
new-publications = { $count ->
    [one] { $count } нова публікація
    [few] { $count } нові публікації
    [many] { $count } нових публікацій
   *[other] { $count } нової публікації
}

# $news — «new» або «mixed», якщо серед них є публікації, які вже надсилали.
mail-count = { $news ->
    [new] { new-publications }
   *[mixed] { publications }
}
mail-subject = { mail-count }: { $titles }
mail-subject-updated = Оновлено: { $title }
mail-intro = { $schedule ->
    [immediate] { mail-count }
    [hourly] Огляд за останню годину: { mail-count }
    [daily] Щоденний огляд: { mail-count }
    [weekly] Щотижневий огляд: { mail-count }
    [monthly] Щомісячний огляд: { mail-count }
   *[other] Огляд: { mail-count }
}
mail-updated = Цю публікацію ми вже надсилали; відтоді її оновлено.
mail-note = Що змінилося:
mail-archived = Архівна версія
mail-current = Актуальна сторінка:
mail-read = Читати публікацію повністю
mail-other-topics = Інші теми
mail-language = { $code ->
    [pl] польською
    [uk] українською
    [en] англійською
    [be] білоруською
    [cs] чеською
    [de] німецькою
    [es] іспанською
    [fr] французькою
    [it] італійською
    [lt] литовською
    [ru] російською
    [sk] словацькою
   *[other] мова: { $code }
}
mail-more = { $count ->
    [one] і ще { $count } публікація
    [few] і ще { $count } публікації
    [many] і ще { $count } публікацій
   *[other] і ще { $count } публікації
}
mail-often = { $schedule ->
    [immediate] одразу після публікації
    [hourly] щогодини
    [daily] щодня
    [weekly] щотижня
    [monthly] щомісяця
   *[other] у вигляді огляду
}
mail-why = Ви отримали цей лист, бо вашу адресу підписано на сповіщення сайту «{ $site }», які надсилаються { mail-often }.
mail-why-topics = Ви отримали цей лист, бо вашу адресу підписано на сповіщення сайту «{ $site }» за темами: { $topics }; вони надсилаються { mail-often }.
mail-unsubscribe = Відмовитися від сповіщень
