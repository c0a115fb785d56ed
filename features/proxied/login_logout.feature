Feature: Login and logout pages of the proxy
  A proxy that passes anonymous visitors to the server can have a login page. With ProxyAuth.LoginURL set,
  the server decides which visits need a login, and content that is open to anyone needs none. The
  dashboard links to the login page, and to the logout page if ProxyAuth.LogoutURL is set.

  Rule: With LoginURL set, the server decides which visits need a login

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"

    @PA-079
    Scenario: Public content needs no login
      Given "app" is open to an anonymous visitor
      When an anonymous visitor visits "app" in a browser
      Then "app" answers

    @PA-080
    Scenario: An anonymous visitor is refused or asked to log in at restricted content, and can open it once it is public
      When "paula" visits "app" in her browser
      Then "app" answers
      When an anonymous visitor visits "app" in a browser
      Then the request is refused or the client is asked to log in
      Given "app" is open to an anonymous visitor
      When an anonymous visitor visits "app" in a browser
      Then "app" answers

    @PA-081
    Scenario: An anonymous visit to restricted content leads to LoginURL
      When "paula" visits "app" in her browser
      Then "app" answers
      When an anonymous visitor visits "app" in a browser
      Then the browser is sent to "https://login.example.com/"

    @PA-340
    Scenario: An anonymous visit to restricted content leads to LoginURL without a click
      When "paula" visits "app" in her browser
      Then "app" answers
      When an anonymous visitor visits "app" in a browser
      Then the browser is sent without a click to "https://login.example.com/"

    @PA-341
    Scenario: An API call without credentials is refused with an API error, even if the client accepts HTML
      Given "paula" has an API key
      When a client calls the API with the headers:
        | Authorization | Key <paula's key> |
        | Accept        | text/html         |
      Then the request is answered to "paula"
      When a client calls the API with the headers:
        | Accept | text/html |
      Then the request is refused with an error of the API

  Rule: Without LoginURL, the server sends no visitor to a login page

    @PA-082 @direct
    Scenario: Without LoginURL, an anonymous visit to restricted content is refused without a redirect to a login page
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" visits "app" in her browser
      Then "app" answers
      When an anonymous visitor visits "app" in a browser
      Then the request is refused without a redirect to a login page

  Rule: The server uses LoginURL as it is configured

    @PA-083
    Scenario: The browser is sent to LoginURL unchanged, with its capital letters, port, path, query and fragment
      Given a server configured with:
        | ProxyAuth.LoginURL | "https://Login.example.com:443/a//b/../Open/?next=%2fapps%2F&b=2&a=1;c='d'#top" |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" visits "app" in her browser
      Then "app" answers
      When an anonymous visitor visits "app" in a browser
      Then the browser is sent to "https://Login.example.com:443/a//b/../Open/?next=%2fapps%2F&b=2&a=1;c='d'#top"

  Rule: The dashboard has the links "Log In" and "Log Out"

    @PA-085
    Scenario: With LoginURL set, the dashboard has a link "Log In" for an anonymous visitor
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      When an anonymous visitor opens the dashboard
      Then the dashboard has a link "Log In"

    @PA-084
    Scenario: The link "Log In" of the dashboard leads to LoginURL without another click
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      When an anonymous visitor opens the dashboard
      And the visitor follows the link "Log In"
      Then the browser is sent without a click to "https://login.example.com/"

    @PA-089 @PA-091
    Scenario: With LoginURL but no LogoutURL, the dashboard has a link "Log Out" that leads to LoginURL
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      When "alice" opens the dashboard
      Then the dashboard has a link "Log Out" (PA-089)
      When the visitor follows the link "Log Out"
      Then the browser is sent without a click to "https://login.example.com/" (PA-091)

    @PA-095 @PA-099
    Scenario: The link "Log Out" of the dashboard contains LogoutURL as it is configured
      Given a server configured with:
        | ProxyAuth.LogoutURL | "https://Login.example.com:443/a//b/../Out/?next=%2fapps%2F&b=2&a=1;c='d'#top" |
      When "alice" opens the dashboard
      Then the link "Log Out" leads to "https://Login.example.com:443/a//b/../Out/?next=%2fapps%2F&b=2&a=1;c='d'#top" (PA-095, PA-099)

    @PA-097
    Scenario: With LogoutURL but no LoginURL, the dashboard has a link "Log Out"
      Given a server configured with:
        | ProxyAuth.LogoutURL | "https://Login.example.com:443/a//b/../Out/?next=%2fapps%2F&b=2&a=1;c='d'#top" |
      When "alice" opens the dashboard
      Then the dashboard has a link "Log Out"

    @PA-098
    Scenario: With LoginURL and LogoutURL set, the link "Log Out" of the dashboard leads to LogoutURL
      Given a server configured with:
        | ProxyAuth.LoginURL  | https://login.example.com/    |
        | ProxyAuth.LogoutURL | https://login.example.com/out |
      When "alice" opens the dashboard
      Then the link "Log Out" leads to "https://login.example.com/out"

    @PA-090
    Scenario: With neither LoginURL nor LogoutURL set, the dashboard has no link "Log Out"
      When "alice" opens the dashboard
      Then the dashboard has no link "Log Out"
