Feature: The login page of a proxy
  Most proxies let nobody through who is not signed in. A proxy that does can have a page where people
  sign in. Once the server knows that page it controls itself when somebody has to log in, and content
  that is open to anyone can be visited without.

  Rule: The server decides when somebody has to log in

    Background:
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"

    @PA-079
    Scenario: Nobody has to for content that is open to anyone
      Given "app" is open to anyone without login
      When somebody who is not signed in visits "app" in a browser
      Then "app" answers

    @PA-080
    Scenario: Everybody has to for content that is not
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the visit is refused or asked to log in
      Given "app" is open to anyone without login
      When somebody who is not signed in visits "app" in a browser
      Then "app" answers

    @PA-081
    Scenario: The page is where they are sent
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the browser is sent to "https://login.example.com/"

    @PA-340
    Scenario: They are sent by a redirect, without a click
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the browser is sent without a click to "https://login.example.com/"

    @PA-341
    Scenario: Programs are told so, not sent to a page
      Given "paula" has an API key
      When a client calls the API with the headers:
        | Authorization | Key <paula's key> |
        | Accept        | text/html         |
      Then the call is answered to "paula"
      When a client calls the API with the headers:
        | Accept | text/html |
      Then the call is refused with an error of the API

  Rule: There is no login page unless one is configured

    @PA-082 @direct
    Scenario: A visitor who is not signed in is sent to no login page
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the visit is refused without a redirect to a login page

  Rule: The address of the page is taken as it is

    @PA-083
    Scenario: Whatever it looks like
      Given a server configured with:
        | ProxyAuth.LoginURL | "https://Login.example.com:443/a//b/../Open/?next=%2fapps%2F&b=2&a=1;c='d'#top" |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the browser is sent to "https://Login.example.com:443/a//b/../Open/?next=%2fapps%2F&b=2&a=1;c='d'#top"

  Rule: The dashboard offers to log in and to log out

    @PA-085
    Scenario: The dashboard offers "Log In" to a visitor who is not signed in
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      When somebody who is not signed in opens the dashboard
      Then the dashboard has a link "Log In"

    @PA-084
    Scenario: "Log In" leads to the login page by a redirect of the server
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      When somebody who is not signed in opens the dashboard
      And the visitor follows the link "Log In"
      Then the browser is sent without a click to "https://login.example.com/"

    @PA-089 @PA-091
    Scenario: With a login page alone, "Log Out" is offered and leads to that page
      Given a server configured with:
        | ProxyAuth.LoginURL | https://login.example.com/ |
      When "alice" opens the dashboard
      Then the dashboard has a link "Log Out" (PA-089)
      When the visitor follows the link "Log Out"
      Then the browser is sent without a click to "https://login.example.com/" (PA-091)

    @PA-099
    Scenario: The address of the page to log out is placed in the link as it is
      Given a server configured with:
        | ProxyAuth.LogoutURL | "https://Login.example.com:443/a//b/../Out/?next=%2fapps%2F&b=2&a=1;c='d'#top" |
      When "alice" opens the dashboard
      Then the link "Log Out" leads to "https://Login.example.com:443/a//b/../Out/?next=%2fapps%2F&b=2&a=1;c='d'#top"

    @PA-097
    Scenario: "Log Out" is offered without a page to log in
      Given a server configured with:
        | ProxyAuth.LogoutURL | "https://Login.example.com:443/a//b/../Out/?next=%2fapps%2F&b=2&a=1;c='d'#top" |
      When "alice" opens the dashboard
      Then the dashboard has a link "Log Out"

    @PA-098
    Scenario: Of two pages, "Log Out" leads to the one to log out
      Given a server configured with:
        | ProxyAuth.LoginURL  | https://login.example.com/    |
        | ProxyAuth.LogoutURL | https://login.example.com/out |
      When "alice" opens the dashboard
      Then the link "Log Out" leads to "https://login.example.com/out"

    @PA-090
    Scenario: Without any page of the proxy the dashboard does not offer "Log Out"
      When "alice" opens the dashboard
      Then the dashboard has no link "Log Out"
