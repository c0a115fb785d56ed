Feature: The login page of a proxy
  Most proxies let nobody through who is not signed in. A proxy that does can have a page where people
  sign in. Once the server knows that page it controls itself when somebody has to log in, and content
  that is open to anyone can be visited without.

  Rule: The server decides when somebody has to log in

    Background:
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        LoginURL = https://login.example.com/
        """
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
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy
        """
      And a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the visit is refused without a redirect to a login page

  Rule: The address of the page is taken as it is

    @PA-083
    Scenario: Whatever it looks like
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        LoginURL = "https://Login.example.com:443/a//b/../Open/?next=%2fapps%2F&b=2&a=1;c='d'#top"
        """
      And a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" visits "app" in her browser
      Then "app" answers
      When somebody who is not signed in visits "app" in a browser
      Then the browser is sent to "https://Login.example.com:443/a//b/../Open/?next=%2fapps%2F&b=2&a=1;c='d'#top"
