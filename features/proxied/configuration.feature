Feature: Turning proxied authentication on
  One option decides whether the server believes what a proxy tells it. The file is read when the
  server starts, and a server that cannot make sense of it does not start.

  Rule: The provider decides

    @PA-003
    Scenario: With the provider proxy the identity headers say who somebody is
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy
        """
      When "alice" signs in
      Then "alice" is signed in
      And the username of "alice" is "alice"

    @PA-005 @direct
    Scenario: Pages of the proxy for logging in and out
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy
        """
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        LoginURL = https://example.com/auth/login
        LogoutURL = https://example.com/auth/logout
        """
      Then it starts

    @PA-068 @alone @direct
    Scenario: With another provider the identity headers mean nothing
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy
        """
      And "alice" has signed in
      When it is restarted with:
        """
        [Authentication]
        Provider = password
        """
      And "alice" signs in again
      Then the sign-in is refused

  Rule: What cannot be meant is refused at start

    @SEC-017 @direct
    Scenario: A login page that is no web page
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy
        """
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        LoginURL = javascript:alert(1)
        """
      Then it refuses to start
      And it says what is wrong with "LoginURL"
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        LoginURL = https://login.example.com/
        """
      Then it starts
