//! Settings and feature flags: staff change them at run time, everybody sees the public ones at once, the record says who
//! changed what (mission T1; reference/configuration.md, section 8).

use serde_json::{Value, json};
use stoa_testing::{World, both};

const SETTINGS: &str = "/api/override-settings/";
const FLAGS: &str = "/api/feature-values/";

both! {
    async fn a_setting_counts_at_once_and_is_on_record(lab: Lab) {
        lab.post(&lab.staff, SETTINGS, json!({"SITE_NAME": "Campus Cloud", "BRAND_COLOR": "#102030"})).await.is(200);
        let told = lab.get(&lab.nobody(), "/api/configuration/").await.is(200);
        assert_eq!(told.body["WALDUR_CORE"]["SITE_NAME"], "Campus Cloud");
        assert_eq!(lab.get(&lab.staff, SETTINGS).await.is(200).body["BRAND_COLOR"], "#102030");
        let events = lab.get(&lab.staff, "/api/events/?event_type=settings_updated").await.is(200);
        assert_eq!(events.rows().len(), 1);
        assert!(events.rows()[0]["message"].as_str().unwrap().contains("Campus Cloud"));
        assert_eq!(events.rows()[0]["context"]["user_username"], "staff");
    }

    async fn only_staff_read_and_change_settings(lab: Lab) {
        let (user, agent) = (lab.user("ann").await, lab.user("bob").await);
        lab.patch(&lab.staff, &format!("/api/users/{}/", agent.uuid), json!({"is_support": true})).await.is(200);
        for person in [&user, &agent] {
            lab.get(person, SETTINGS).await.is_forbidden();
            lab.post(person, SETTINGS, json!({"SITE_NAME": "Mine"})).await.is_forbidden();
            lab.post(person, FLAGS, json!({"customer": {"show_domain": true}})).await.is_forbidden();
        }
        lab.get(&lab.nobody(), SETTINGS).await.is(401);
        lab.post(&lab.nobody(), FLAGS, json!({})).await.is(401);
        let told = lab.get(&lab.nobody(), "/api/configuration/").await;
        assert_eq!(told.body["WALDUR_CORE"]["SITE_NAME"], "Stoa");
    }

    async fn a_secret_is_never_shown_and_its_mask_changes_nothing(lab: Lab) {
        let secret = "a very secret word";
        lab.post(&lab.staff, SETTINGS, json!({"ZAMMAD_TOKEN": secret})).await.is(200);
        let shown = lab.get(&lab.staff, SETTINGS).await.is(200).body;
        assert_eq!(shown["ZAMMAD_TOKEN"], "********");
        lab.post(&lab.staff, SETTINGS, shown.clone()).await.is(200);
        let events = lab.get(&lab.staff, "/api/events/").await.is(200);
        let told = lab.get(&lab.nobody(), "/api/configuration/").await.is(200);
        for text in [events.body.to_string(), told.body.to_string(), shown.to_string()] {
            assert!(!text.contains(secret));
        }
        let stored = stoa_tenancy::settings::Settings::load(&mut lab.core.store.reader()).await.unwrap();
        assert_eq!(stored.text("ZAMMAD_TOKEN"), secret);
    }

    async fn what_a_setting_does_not_take_is_named_and_nothing_changes(lab: Lab) {
        let cases = [
            ("BRAND_COLOR", json!("green")),
            ("DOCS_URL", json!("not an address")),
            ("ATLASSIAN_EMAIL", json!("nobody")),
            ("ANONYMOUS_USER_CAN_VIEW_PLANS", json!("perhaps")),
            ("PAT_MAX_LIFETIME_DAYS", json!("many")),
            ("SIDEBAR_STYLE", json!("plaid")),
            ("COUNTRIES", json!(["EE", "XX"])),
            ("AUTHENTICATION_METHODS", json!(["MAGIC"])),
            ("LOGIN_LOGO_MULTILINGUAL", json!({"xx": "/media/1/"})),
            ("SITE_NAME", json!({"a": 1})),
        ];
        for (key, value) in cases {
            let body = json!({"SITE_DESCRIPTION": "changed", key: value});
            lab.post(&lab.staff, SETTINGS, body).await.is_invalid(key);
        }
        assert_ne!(lab.get(&lab.staff, SETTINGS).await.body["SITE_DESCRIPTION"], "changed");
        lab.post(&lab.staff, SETTINGS, json!({"NO_SUCH_SETTING": 1})).await.is(200);
        lab.post(&lab.staff, SETTINGS, json!([])).await.is(400);
    }

    async fn a_picture_is_told_by_its_address_and_null_takes_it_away(lab: Lab) {
        let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let picture = json!({"filename": "logo.png", "content_type": "image/png", "base64": png});
        lab.post(&lab.staff, SETTINGS, json!({"SITE_LOGO": null, "LOGIN_LOGO": picture})).await.is(200);
        let told = lab.get(&lab.nobody(), "/api/configuration/").await.body;
        let address = told["WALDUR_CORE"]["LOGIN_LOGO"].as_str().unwrap().to_owned();
        lab.get(&lab.nobody(), &address).await.is(200);
        lab.post(&lab.staff, SETTINGS, json!({"LOGIN_LOGO": null})).await.is(200);
        let told = lab.get(&lab.nobody(), "/api/configuration/").await.body;
        assert_eq!(told["WALDUR_CORE"].get("LOGIN_LOGO"), None);
    }

    async fn flags_are_counted_and_shown_at_once(lab: Lab) {
        let on = json!({"customer": {"show_domain": true, "no_such_flag": true}, "nosuch": {"x": true}, "nothing": 1});
        let reply = lab.post(&lab.staff, FLAGS, on).await.is(200);
        assert_eq!(reply.body, Value::from("1 features are updated."));
        let told = lab.get(&lab.nobody(), "/api/configuration/").await.body;
        assert_eq!(told["FEATURES"]["customer"]["show_domain"], true);
        assert_eq!(lab.post(&lab.staff, FLAGS, json!({"nosuch": {"x": true}})).await.body, "0 features are updated.");
        lab.post(&lab.staff, FLAGS, json!([])).await.is(400);
        lab.post(&lab.staff, FLAGS, json!({"customer": true})).await.is(400);
        lab.post(&lab.staff, FLAGS, json!({"customer": {"show_domain": "maybe"}})).await.is(400);
        let events = lab.get(&lab.staff, "/api/events/?event_type=features_updated").await;
        assert_eq!(events.rows().len(), 1);
    }

    async fn the_type_of_the_installation_is_a_setting_that_settles_the_roles(lab: Lab) {
        lab.post(&lab.staff, SETTINGS, json!({"INSTALLATION_TYPE": "academic"})).await.is(200);
        let told = lab.get(&lab.nobody(), "/api/configuration/").await.body;
        assert_eq!(told["WALDUR_CORE"]["TRANSLATION_DOMAIN"], "academic");
        let roles = lab.get(&lab.staff, "/api/roles/?name=CUSTOMER.OWNER").await.is(200);
        let before = lab.get(&lab.staff, "/api/installation/").await.is(200);
        assert_eq!(before.body["type"], "academic");
        assert_eq!(roles.rows()[0]["description"], "PI");
    }

    /// Labels come in the language that the request asks for, wherever the name of a role is shown, and what was shown can be sent
    /// back (reference/configuration.md, section 6).
    async fn a_role_is_called_what_readers_of_a_language_call_it(lab: Lab) {
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let role = &lab.get(&lab.staff, "/api/roles/?name=CUSTOMER.OWNER").await.is(200).rows()[0].clone();
        let (uuid, default) = (role["uuid"].as_str().unwrap(), role["description"].as_str().unwrap());
        let path = format!("/api/roles/{uuid}/");
        let texts = json!({"description": default, "description_de": "Projektleitung der Einrichtung", "description_nb": "Eier"});
        lab.put(&lab.staff, &format!("{path}update_descriptions/"), texts).await.is(200);
        let team = format!("/api/user-permissions/?user={}", owner.uuid);
        for (asked, called) in [("", default), ("de", "Projektleitung der Einrichtung"), ("de-CH, fr;q=0.9", "Projektleitung der Einrichtung"),
            ("fr;q=0.4, de;q=0.5", "Projektleitung der Einrichtung"), ("no", "Eier"), ("fr, de;q=0.5", default), ("en, de;q=0.9", default),
            ("tlh, x;q=9, *;q=0.1", default), ("de'; DROP TABLE roles", default), (";;q=;,,", default)] {
            for (list, name) in [("/api/roles/?name=CUSTOMER.OWNER", "description"), (team.as_str(), "role_description")] {
                let rows = lab.raw(owner, "GET", list, &[("accept-language", asked)], Vec::new()).await.is(200);
                assert_eq!(rows.rows()[0][name], called, "{list} in {asked:?}");
            }
            let me = lab.raw(owner, "GET", "/api/users/me/", &[("accept-language", asked)], Vec::new()).await.is(200);
            assert_eq!(me.body["permissions"][0]["role_description"], called, "{asked:?}");
        }
        // A form in German sends back what it was shown; a form in French, which saw the text of all, changes that.
        let german = [("accept-language", "de"), ("content-type", "application/json")];
        let french = [("accept-language", "fr"), ("content-type", "application/json")];
        let shown = lab.raw(&lab.staff, "GET", &path, &german, Vec::new()).await.is(200).body;
        let form = json!({"name": shown["name"], "content_type": shown["content_type"], "permissions": shown["permissions"], "description": shown["description"]});
        lab.raw(&lab.staff, "PUT", &path, &german, form.to_string().into_bytes()).await.is(200);
        let after = lab.get(&lab.staff, &path).await.is(200).body;
        assert_eq!((&after["description"], &after["description_de"]), (&role["description"], &json!("Projektleitung der Einrichtung")));
        let renamed = json!({"description": "Leitung"}).to_string().into_bytes();
        lab.raw(&lab.staff, "PUT", &format!("{path}update_descriptions/"), &german, renamed.clone()).await.is(200);
        lab.raw(&lab.staff, "PUT", &format!("{path}update_descriptions/"), &french, renamed).await.is(200);
        let after = lab.get(&lab.staff, &path).await.is(200).body;
        assert_eq!((&after["description"], &after["description_de"]), (&json!("Leitung"), &json!("Leitung")));
    }
}
